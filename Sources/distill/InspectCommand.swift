import ArgumentParser
import Checkpoints
import Distillation
import Foundation
import Support

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a signal cache holds, and how close it is to its teacher.",
        discussion: """
            EXAMPLES
              distill inspect runs/logits-kd/signals
              distill inspect runs/logits-kd/signals --verify --teacher data/teacher
            """)

    @Argument(help: "The directory of a signal cache.")
    var cache: String
    @Flag(help: "Run the teacher again on a sample and compare.")
    var verify = false
    @Option(help: "The teacher's checkpoint directory (default: where the cache says it was).")
    var teacher: String?
    @Option(help: "Records to compare.")
    var records = 100
    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        let records, tokens, positions, bytes, shards: Int
        let bytesPerToken: Double
        let teacher, teacherFingerprint, kind: String
        let temperature: Float
        let vocabularySize: Int
        let verification: SignalVerification?
    }

    func validate() throws {
        guard records > 0 else { throw ValidationError("--records \(records) is not positive") }
    }

    func run() async throws {
        try Failure.reporting {
            let signals = try SignalCache(directory: URL(filePath: cache))
            let manifest = signals.manifest
            let report = Report(
                records: manifest.records, tokens: manifest.tokens, positions: manifest.positions,
                bytes: manifest.bytes, shards: manifest.shards.count,
                bytesPerToken: manifest.bytesPerPosition,
                teacher: manifest.origin.teacher,
                teacherFingerprint: manifest.origin.teacherFingerprint.hexadecimal,
                kind: manifest.origin.kind.description, temperature: manifest.origin.temperature,
                vocabularySize: manifest.origin.vocabularySize,
                verification: verify ? try verification(of: signals) : nil)
            if json { return try printJSON(report) }
            show(report)
        }
    }

    private func verification(of signals: SignalCache) throws -> SignalVerification {
        let url = URL(filePath: teacher ?? signals.manifest.origin.teacher)
        guard try Checkpoint.fingerprint(at: url) == signals.manifest.origin.teacherFingerprint else {
            throw UserError(
                "is not the teacher that made \(cache)", file: url.relativePath,
                remedy: "name the right one with --teacher", status: .configuration)
        }
        return SignalVerification.measure(
            signals, teacher: try Checkpoint.load(url).decoder, records: records)
    }

    private func show(_ report: Report) {
        var rows = [
            ["records", "\(report.records)"], ["tokens", "\(report.tokens)"],
            ["labelled positions", "\(report.positions)"],
            ["bytes a token", decimal(report.bytesPerToken, 1)],
            ["kind", report.kind], ["temperature", "\(report.temperature)"], ["teacher", report.teacher],
            ["shards", "\(report.shards)"],
        ]
        if let check = report.verification {
            rows += [
                ["compared positions", "\(check.positions)"],
                ["KL(full ‖ decoded)", decimal(check.klFullDecoded, 6)],
                ["mean mass error", decimal(check.massError, 6)],
                ["largest probability error", decimal(check.largestError, 6)],
                ["gradient angle", decimal(check.gradientAngle, 3) + "°"],
            ]
        }
        printTable(["cache", cache], rows)
    }
}
