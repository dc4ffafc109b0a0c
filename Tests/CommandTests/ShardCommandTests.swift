import Foundation
import TestSupport
import Testing

/// Shards by the command, in processes that know of each other only what their command lines and schedulers say.
@Suite struct ShardCommandTests {
    private func withTeacher(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            // Every third record is one that was there before.
            let chats = (0..<30).map {
                #"{"prompt":"where is the key \#($0 % 3 == 2 ? $0 / 2 : $0)","completion":"the key is in the red hall"}"#
            }
            try Data((chats.joined(separator: "\n") + "\n").utf8)
                .write(to: directory.appending(path: "corpus.jsonl"))
            try body(directory)
        }
    }

    /// What a scheduler that these tests may run under says is not there.
    private static let noScheduler = [
        "SLURM_ARRAY_TASK_ID", "OMPI_COMM_WORLD_RANK", "JOB_COMPLETION_INDEX",
    ]

    private func generate(
        _ directory: URL, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> CommandRun {
        try CommandRun.run(
            CommandRun.distill,
            arguments: [
                "generate", "teacher", "--prompts", "prompts.jsonl", "--limit", "10", "--samples", "2",
                "--max-new-tokens", "5", "--quiet", "--output",
            ] + arguments, in: directory, environment: environment)
    }

    private func label(
        _ directory: URL, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> CommandRun {
        try CommandRun.run(
            CommandRun.distill,
            arguments: ["label", "teacher", "--corpus", "corpus.jsonl", "--quiet", "--output"] + arguments,
            in: directory, environment: environment)
    }

    private func bytes(_ path: String, in directory: URL) throws -> Data {
        try Data(contentsOf: directory.appending(path: path))
    }

    @Test func corporaOfAnArrayAreMerged() throws {
        try withTeacher { directory in
            #expect(try generate(directory, "whole.jsonl").status == 0)
            for task in 1...3 {
                let run = try generate(
                    directory, "corpus-\(task).jsonl", "--shard", "auto/3",
                    environment: ["SLURM_ARRAY_TASK_ID": "\(task)"])
                #expect(run.status == 0, "\(run.standardError)")
                #expect(run.standardOutput.contains("shard \(task)/3"))
            }
            let merged = try CommandRun.distill(
                "merge", "corpus-3.jsonl", "corpus-1.jsonl", "corpus-2.jsonl", "--output", "merged.jsonl",
                "--json", in: directory)
            #expect(merged.status == 0, "\(merged.standardError)")
            #expect(try merged.json().number("records") == 20 && merged.json().number("shards") == 3)
            #expect(try bytes("merged.jsonl", in: directory) == bytes("whole.jsonl", in: directory))
            #expect(
                try bytes("merged.jsonl.origin", in: directory)
                    == bytes("whole.jsonl.origin", in: directory))
            // The whole is there: generating it again is done at once.
            let again = try generate(directory, "merged.jsonl", "--json")
            #expect(try again.status == 0 && again.json().number("reused") == 20)

            let missing = try CommandRun.distill(
                "merge", "corpus-1.jsonl", "corpus-3.jsonl", "--output", "other.jsonl", in: directory)
            #expect(missing.status == 66 && missing.standardError.contains("shard 2/3 is missing"))
            let torn = directory.appending(path: "corpus-2.jsonl")
            try bytes("corpus-2.jsonl", in: directory).dropLast(9).write(to: torn)
            let damaged = try CommandRun.distill(
                "merge", "corpus-1.jsonl", "corpus-2.jsonl", "corpus-3.jsonl", "--output", "other.jsonl",
                in: directory)
            #expect(
                damaged.status == 65
                    && damaged.standardError.hasPrefix("distill: corpus-2.jsonl: is not what was written"))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "other.jsonl").path))
            let own = try CommandRun.distill(
                "merge", "corpus-1.jsonl", "corpus-3.jsonl", "--output", "corpus-3.jsonl", in: directory)
            #expect(own.status == 73, "\(own.standardError)")
        }
    }

    @Test func cachesOfAnMPIJobAreMerged() throws {
        try withTeacher { directory in
            #expect(try label(directory, "whole", "--context", "16").status == 0)
            for rank in 0...1 {
                let run = try label(
                    directory, "signals-\(rank)", "--context", "16", "--shard", "auto/2",
                    environment: ["OMPI_COMM_WORLD_RANK": "\(rank)"])
                #expect(run.status == 0, "\(run.standardError)")
            }
            let shard = try CommandRun.distill("inspect", "signals-1", "--json", in: directory).json()
            #expect(shard["corpus_shard"] as? String == "2/2")
            let merged = try CommandRun.distill(
                "merge", "signals-1", "signals-0", "--output", "merged", in: directory)
            #expect(merged.status == 0, "\(merged.standardError)")
            #expect(
                merged.standardOutput.hasPrefix("merged: 25 records of 2 shards"), "\(merged.standardOutput)")
            for name in ["manifest.json", "shard-00000.safetensors"] {
                #expect(try bytes("merged/\(name)", in: directory) == bytes("whole/\(name)", in: directory))
            }
            let other = try label(directory, "signals-0", "--context", "16", "--shard", "2/2")
            #expect(
                other.status == 73 && other.standardError.contains("the shard is 2/2 here and 1/2 there"))
            let mixed = try CommandRun.distill(
                "merge", "signals-0", "corpus.jsonl", "--output", "other", in: directory)
            #expect(
                mixed.status == 78
                    && mixed.standardError.contains("corpus.jsonl: is a file, and signals-0 a directory"))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "other").path))
        }
    }

    @Test func noSchedulerShardsUnasked() throws {
        try withTeacher { directory in
            #expect(try generate(directory, "whole.jsonl").status == 0)
            let array = try generate(
                directory, "array.jsonl",
                environment: ["SLURM_ARRAY_TASK_ID": "2", "JOB_COMPLETION_INDEX": "4"])
            #expect(array.status == 0)
            #expect(try bytes("array.jsonl", in: directory) == bytes("whole.jsonl", in: directory))
        }
    }

    @Test func mistakesAreUsageErrors() throws {
        try withTeacher { directory in
            for (shard, environment, message) in [
                ("5/4", [:], "shard 5 is out of range; expected: 1 to 4"), ("0/4", [:], "expected: 1 to 4"),
                ("2", [:], "`2` is not i/n"),
                ("auto/4", ["JOB_COMPLETION_INDEX": "4"], "completions: 4"),
                (
                    "auto/4", ["SLURM_ARRAY_TASK_ID": "1", "OMPI_COMM_WORLD_RANK": "1"],
                    "SLURM_ARRAY_TASK_ID=1 is shard 1, but OMPI_COMM_WORLD_RANK=1 is shard 2"
                ),
            ] as [(String, [String: String], String)] {
                for run in [
                    try generate(directory, "out.jsonl", "--shard", shard, environment: environment),
                    try label(directory, "out", "--shard", shard, environment: environment),
                ] {
                    #expect(run.status == 64 && run.standardError.contains(message), "\(run.standardError)")
                }
            }
            let budget = try generate(directory, "out.jsonl", "--shard", "1/4", "--token-budget", "9")
            #expect(budget.status == 64 && budget.standardError.contains("--token-budget"))
            let pipe = try CommandRun.distill("merge", "-", "--output", "x", in: directory)
            #expect(pipe.status == 64)
            if Self.noScheduler.allSatisfy({ ProcessInfo.processInfo.environment[$0] == nil }) {
                let alone = try generate(directory, "out.jsonl", "--shard", "auto/4")
                #expect(alone.status == 64 && alone.standardError.contains("none of SLURM_ARRAY_TASK_ID"))
            }
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "out.jsonl").path))
        }
    }
}
