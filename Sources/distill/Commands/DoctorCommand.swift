import ArgumentParser
import COpenBLAS
import Evaluation
import Foundation
import Support
import Tensors

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Print facts for a bug report and run a quick self-test.",
        discussion: """
            EXAMPLES
              distill doctor
              distill doctor --json > report.json
            """)

    @Flag(help: "Print the report as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func run() throws {
        try general.running {
            let diagnosis = Diagnosis(facts: Self.facts)
            if json {
                try printJSON(diagnosis)
            } else {
                try printTable(["fact", "value"], diagnosis.facts.map { [$0.name, $0.value] })
                try printTable(
                    ["self-test", "result", "seconds"],
                    diagnosis.selfTest.map { [$0.name, $0.problem ?? "passed", decimal($0.seconds, 2)] })
            }
            if let failure = diagnosis.failure { throw ExitCode(failure.rawValue) }
        }
    }

    private static var facts: [Diagnosis.Fact] {
        // These files exist on Linux only; elsewhere the values are "unknown".
        let processor = lines(of: "/proc/cpuinfo")
        let flags = Set(value("flags", in: processor).split(separator: " ").map(String.init))
        let features = ["avx2", "fma", "f16c", "avx512f", "avx512_bf16"].filter(flags.contains)
        let memory = lines(of: "/proc/meminfo")
        let here = FileManager.default.currentDirectoryPath
        let free = (try? FileManager.default.attributesOfFileSystem(forPath: here))?[.systemFreeSize] as? Int
        return [
            .init("distill", toolVersion),
            .init("compiler", compiler),
            .init("system", ProcessInfo.processInfo.operatingSystemVersionString),
            .init("processor", value("model name", in: processor)),
            .init("features", features.joined(separator: " ")),
            .init("processors", "\(ProcessInfo.processInfo.activeProcessorCount)"),
            .init("threads", "\(Parallel.threads)"),
            .init("kernels", String(cString: kernels.name)),
            .init("openblas", String(cString: openblas_get_config())),
            .init("openblas_core", openBLASCore),
            .init("openblas_parallel", openBLASParallel),
            .init("memory", value("MemTotal", in: memory)),
            .init("memory_available", value("MemAvailable", in: memory)),
            .init("disk_free", free.map { "\($0 >> 20) MiB" } ?? "unknown"),
        ]
    }

    /// The compiler that built this command, known at compile time only.
    private static var compiler: String {
        #if compiler(>=6.4)
            return "Swift 6.4 or later"
        #elseif compiler(>=6.3)
            return "Swift 6.3"
        #elseif compiler(>=6.2)
            return "Swift 6.2"
        #else
            return "Swift 6.1"
        #endif
    }

    /// The core whose kernels OpenBLAS uses, and how it was chosen: the wrong one can halve the speed.
    private static var openBLASCore: String {
        let given = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] ?? ""
        let reason =
            MatrixProduct.chosenCore != nil
            ? " (the library does not know this processor; chosen by what it can do)"
            : given.isEmpty ? "" : " (OPENBLAS_CORETYPE=\(given))"
        return String(cString: openblas_get_corename()) + reason
    }

    /// The threading model of the installed OpenBLAS, by the constants of its cblas.h.
    private static var openBLASParallel: String {
        switch openblas_get_parallel() {
        case 0: "sequential"
        case 1: "threads"
        case 2: "OpenMP"
        case let other: "kind \(other)"
        }
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
