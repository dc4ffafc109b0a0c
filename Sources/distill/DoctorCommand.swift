import ArgumentParser
import COpenBLAS
import Evaluation
import Foundation
import Tensors

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Print what a bug report needs, and run a quick self-test.",
        discussion: """
            EXAMPLES
              distill doctor
              distill doctor --json > report.json
            """)

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        let facts: [String: String]
        let selfTest: [SelfTest.Outcome]
    }

    func run() async throws {
        try Failure.reporting {
            let facts = Self.facts
            let outcomes = SelfTest.all.map { $0.run() }
            if json {
                let dictionary = Dictionary(uniqueKeysWithValues: facts.map { ($0[0], $0[1]) })
                try printJSON(Report(facts: dictionary, selfTest: outcomes))
            } else {
                printTable(["fact", "value"], facts)
                printTable(
                    ["self-test", "result", "seconds"],
                    outcomes.map { [$0.name, $0.problem ?? "passed", decimal($0.seconds, 2)] })
            }
            guard outcomes.allSatisfy({ $0.problem == nil }) else { throw ExitCode(70) }
        }
    }

    private static var facts: [[String]] {
        let processor = lines(of: "/proc/cpuinfo")
        let flags = Set(value("flags", in: processor).split(separator: " ").map(String.init))
        let memory = lines(of: "/proc/meminfo")
        let here = FileManager.default.currentDirectoryPath
        let free = (try? FileManager.default.attributesOfFileSystem(forPath: here))?[.systemFreeSize] as? Int
        return [
            ["distill", Distill.configuration.version],
            ["system", ProcessInfo.processInfo.operatingSystemVersionString],
            ["processor", value("model name", in: processor)],
            ["features", ["avx2", "fma", "f16c", "avx512f"].filter(flags.contains).joined(separator: " ")],
            ["threads", "\(Parallel.threads)"],
            ["kernels", String(cString: kernels.name)],
            ["OpenBLAS", String(cString: openblas_get_config())],
            ["OpenBLAS core", String(cString: openblas_get_corename())],
            ["memory", value("MemTotal", in: memory)],
            ["memory available", value("MemAvailable", in: memory)],
            ["disk free", free.map { "\($0 >> 20) MiB" } ?? "unknown"],
        ]
    }

    private static func lines(of path: String) -> [Substring] {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
    }

    private static func value(_ key: String, in lines: [Substring]) -> String {
        let line = lines.first { $0.hasPrefix(key) }
        let value = line?.split(separator: ":", maxSplits: 1).dropFirst().first
        return value.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }
}
