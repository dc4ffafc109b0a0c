import Foundation
import Reports

extension Plan {
    /// What `--dry-run` prints: a line per stage, the total, and what the machine lacks for it.
    ///
    /// - Parameters:
    ///   - cost: The cost model for the estimates.
    ///   - directory: The parent of run directories, whose free space is compared.
    public func table(with cost: CostModel, runs directory: URL) -> String {
        let estimates = cost.estimates(of: self)
        let total = CostModel.total(of: estimates)
        let lines = zip(stages, estimates).map { instance, estimate in
            [instance.label, String(instance.cacheKey.hexadecimal.prefix(12))]
                + Self.cells(estimate, asks: total.requests > 0, costs: total.money != nil)
        }
        let heading =
            ["stage", "cache key", "time", "memory", "disk"] + (total.requests > 0 ? ["requests"] : [])
            + (total.money != nil ? ["cost"] : [])
        let rows =
            [heading] + lines
            + [["total", ""] + Self.cells(total, asks: total.requests > 0, costs: total.money != nil)]
        let study = runs.count > 1 ? "\(runs.count) runs, \(stages.count) different stages\n" : ""
        let resources = ResourceCheck(self, in: directory.appending(path: name))
        let warnings = (resources.memory + [resources.disk].compactMap { $0 }).map { "\nwarning: \($0)" }
            .joined()
        let notes = stages.compactMap { instance in
            instance.stage.planNote.map { "\nnote: \(instance.label): \($0)" }
        }.joined()
        return
            "\(name)\n\(study)\(TextTable(rows: rows).text(colour: false))\(notes)\(warnings)\nEstimates; nothing was written."
    }

    /// The same for programs: `{"name", "runs", "stages": [{"stage", "cache_key", "seconds", "memory_bytes",
    /// "disk_bytes", "requests", "cost", "note"}], "total"}`, the last three for stages that ask an endpoint. All are estimates.
    ///
    /// - Throws: `EncodingError` if a number of the estimates is not finite
    public func json(with cost: CostModel) throws -> String {
        struct Line: Encodable {
            var stage, cacheKey: String?
            var seconds: Double
            var memoryBytes, diskBytes: Int
            var requests: Int?
            var cost: Double?
            var note: String?

            init(_ estimate: CostEstimate, of instance: StageInstance? = nil) {
                (stage, cacheKey) = (instance?.label, instance?.cacheKey.hexadecimal)
                seconds = estimate.seconds
                memoryBytes = Int(estimate.memoryBytes.clamped)
                diskBytes = Int(estimate.diskBytes.clamped)
                requests = estimate.requests > 0 ? Int(estimate.requests.clamped) : nil
                cost = estimate.money
                note = instance?.stage.planNote
            }
        }
        struct Document: Encodable {
            var name: String
            var runs: Int
            var stages: [Line]
            var total: Line
        }
        let estimates = cost.estimates(of: self)
        let document = Document(
            name: name, runs: runs.count, stages: zip(stages, estimates).map { Line($1, of: $0) },
            total: Line(CostModel.total(of: estimates)))
        return String(decoding: try JSONEncoder.forRecords.encode(document), as: UTF8.self)
    }

    private static func cells(_ estimate: CostEstimate, asks: Bool, costs: Bool) -> [String] {
        var cells = [
            "≈ " + durationText(estimate.seconds),
            "≈ " + byteText(estimate.memoryBytes),
            "≈ " + byteText(estimate.diskBytes),
        ]
        if asks { cells.append(estimate.requests > 0 ? "≈ \(Int(estimate.requests.clamped))" : "") }
        if costs { cells.append(estimate.money.map { String(format: "≈ %.2f", $0) } ?? "") }
        return cells
    }
}

extension Double {
    /// Within the integers that every JSON reader has: an estimate may be absurd, and no trap.
    fileprivate var clamped: Double { isNaN ? 0 : Swift.min(Swift.max(self, 0), 9_007_199_254_740_991) }
}
