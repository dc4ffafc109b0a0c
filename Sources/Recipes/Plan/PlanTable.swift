import Foundation

extension Plan {
    /// What `--dry-run` shows: a line a stage, and the whole.
    public func table(with cost: CostModel) -> String {
        let estimates = cost.estimates(of: self)
        let total = CostModel.total(of: estimates)
        let lines = zip(stages, estimates).map { instance, estimate in
            [instance.label, String(instance.address.hexadecimal.prefix(12))] + Self.cells(estimate)
        }
        let rows =
            [["stage", "address", "time", "memory", "disk"]] + lines + [["total", ""] + Self.cells(total)]
        let study = runs.count > 1 ? "\(runs.count) runs, \(stages.count) different stages\n" : ""
        return
            "\(name)\n\(study)\(TextTable(rows: rows).text(colour: false))\nEstimates; nothing was written."
    }

    private static func cells(_ estimate: CostModel.Estimate) -> [String] {
        let bytes = ScoreColumn(key: "", title: "", style: .bytes) { _ in nil }
        return [
            "≈ " + durationText(estimate.seconds),
            "≈ " + bytes.text(Measurement(estimate.memoryBytes)),
            "≈ " + bytes.text(Measurement(estimate.diskBytes)),
        ]
    }
}
