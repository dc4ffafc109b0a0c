import Foundation
import TestSupport
import Testing

@Suite struct UsageTests {
    @Test(arguments: [
        "frobnicate", "label", "label teacher --output out", "evaluate perplexity teacher",
        "evaluate perplexity --data text.jsonl", "evaluate agreement student --data text.jsonl",
        "evaluate perplexity m --data t.jsonl --context 1", "evaluate perplexity m --data t.jsonl --stride 0",
        "evaluate perplexity m --data t.jsonl --context 64 --stride 65",
        "evaluate perplexity m --data t.jsonl --convention llama.cpp --stride 8",
        "evaluate perplexity m --data t.jsonl --convention gpt",
        "evaluate perplexity m --data t.jsonl --limit 0",
        "label m --corpus t.jsonl --output o --kind dense", "label m --corpus t.jsonl --output o --draws 0",
        "label m --corpus t.jsonl --output o --temperature 0", "label m --corpus t.jsonl --output o --k none",
        "inspect cache --records 0", "inspect cache --teacher t",
        "evaluate task m --data t --max-new-tokens 0", "prune m o", "prune m o --layers 0",
        "prune m o --layers 3,1",
        "prune m o --layers 2", "prune m o --trim-to 50", "prune m o --layers 1,2 --symbols a=b",
        "prune m o --trim-to 50 --corpus t.txt --symbols ab",
        "prune m o --heads 1 --corpus t.txt --type stored",
        "prune m o --feed-forward 0 --corpus t.txt",
    ])
    func impossibleOptionsAreUsageErrors(line: String) throws {
        try withTemporaryDirectory { directory in
            let arguments = line.split(separator: " ").map(String.init)
            let run = try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
            #expect(run.status == 64, "\(line): \(run.status)")
            #expect(run.standardError.hasPrefix("Error: "), "\(run.standardError)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        }
    }

    @Test func theDoctorReportsFactsAndChecks() throws {
        let run = try CommandRun.distill("doctor", "--json")
        let report = try run.json()
        let facts = try #require(report["facts"] as? [String: String])
        for name in [
            "distill", "compiler", "processor", "kernels", "openblas", "threads", "memory", "disk_free",
        ] {
            #expect(facts[name]?.isEmpty == false, "no \(name)")
        }
        #expect(["avx512vnni", "avx512", "avx2", "portable"].contains(facts["kernels"]))
        // Kernels of before AVX are OpenBLAS's way to say that it does not know the processor.
        if facts["features"]?.contains("avx2") == true, facts["openblas"]?.contains("DYNAMIC_ARCH") == true,
            ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil
        {
            for core in ["Prescott", "Core2", "Nehalem"] {
                #expect(facts["openblas_core"]?.hasPrefix(core) == false)
            }
        }
        let checks = try #require(report["self_test"] as? [[String: Any]])
        #expect(checks.count == 6)
        #expect(checks.allSatisfy { $0["problem"] == nil })
        let table = try CommandRun.distill("doctor")
        #expect(table.status == 0)
        #expect(table.standardOutput.components(separatedBy: "passed").count == 7, "\(table.standardOutput)")
    }
}
