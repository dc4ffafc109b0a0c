import Foundation

/// What a study's closing sentence compares.
public struct Verdict: Equatable, Sendable {
    /// The key of a column: `kl`, `perplexity`, `loss`, `agreement`, `ece`, or the label of a task or metric.
    public var metric: String
    /// The variant the others are compared with; `nil` is the first.
    public var baseline: String?

    /// A comparison by a metric, with a variant.
    public init(metric: String = "kl", baseline: String? = nil) {
        self.metric = metric
        self.baseline = baseline
    }
}

/// Means over the seeds of a study, and the conclusions drawn from them.
public struct StudySummary: Sendable {
    /// A model of a variant.
    public struct Row: Sendable {
        /// The variant and the model.
        public var name: String
        /// Measurements by column key, one a seed, in the order of the seeds.
        public var values: [String: [MeasuredValue]]
    }

    /// A row for each variant and model, in the order of the recipe.
    public let rows: [Row]
    /// What the comparison with the baseline found, a sentence a variant.
    public let sentences: [String]
    private let columns: [ScoreColumn]

    /// - Returns: `nil` if nothing was measured.
    package init?(runs: [ReportData.Run], verdict: Verdict?) {
        let scores = runs.flatMap(\.models).map(\.scores)
        guard !scores.isEmpty else { return nil }
        columns = ScoreColumn.columns(for: scores, asked: verdict?.metric)
        var rows: [Row] = []
        var compared: [(variant: String, values: [String: [MeasuredValue]])] = []
        for (variant, group) in Self.grouped(runs) {
            for index in group[0].models.indices {
                let models = group.compactMap { $0.models.indices.contains(index) ? $0.models[index] : nil }
                // A model measured once for several runs, such as the teacher, is one row of its own.
                let isShared =
                    runs.count > 1
                    && runs.allSatisfy { run in
                        run.models.contains { $0.cacheKey == models[0].cacheKey }
                    }
                let counted = isShared ? [models[0]] : models
                let name =
                    isShared || variant.isEmpty
                    ? models[0].scores.model : "\(variant): \(models[0].scores.model)"
                if rows.contains(where: { $0.name == name }) { continue }
                var values: [String: [MeasuredValue]] = [:]
                for column in columns {
                    values[column.key] = counted.compactMap { column.value($0.scores) }
                }
                rows.append(Row(name: name, values: values))
                if !isShared { compared.append((variant, values)) }
            }
        }
        self.rows = rows
        let key = verdict?.metric ?? "kl"
        guard let column = columns.first(where: { $0.key == key }) else {
            sentences = ["No model was measured by \(key)."]
            return
        }
        // A variant is represented by the last model measured in it.
        var last: [(variant: String, values: [MeasuredValue])] = []
        for (variant, values) in compared {
            last.removeAll { $0.variant == variant }
            last.append((variant, values[key] ?? []))
        }
        sentences = Self.sentences(last, column: column, baseline: verdict?.baseline)
    }

    private static func grouped(_ runs: [ReportData.Run]) -> [(variant: String, runs: [ReportData.Run])] {
        var groups: [(variant: String, runs: [ReportData.Run])] = []
        for run in runs {
            if let index = groups.firstIndex(where: { $0.variant == run.variant ?? "" }) {
                groups[index].runs.append(run)
            } else {
                groups.append((run.variant ?? "", [run]))
            }
        }
        return groups
    }

    /// Headings, then a row a variant and model: mean ± standard deviation over the seeds, or the error of a single
    /// measurement.
    var table: [[String]] {
        [["model"] + columns.map(\.title)]
            + rows.map { row in [row.name] + columns.map { $0.text(Self.spread(row.values[$0.key] ?? [])) } }
    }

    /// The mean, with the sample standard deviation in place of an error; a single measurement keeps its own error.
    static func spread(_ measurements: [MeasuredValue]) -> MeasuredValue? {
        guard measurements.count != 1 else { return measurements[0] }
        return spread(measurements.map(\.value))
    }

    /// The mean with the sample standard deviation in place of an error; none of one value.
    static func spread(_ values: [Double]) -> MeasuredValue? {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        guard values.count > 1 else { return MeasuredValue(mean) }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return MeasuredValue(mean, standardError: (squares / Double(values.count - 1)).squareRoot())
    }

    /// What the numbers behind ± are.
    var note: String {
        let counts = Set(rows.flatMap(\.values.values).map(\.count)).subtracting([0])
        let ofSeeds = "± is the standard deviation over the seeds"
        let ofItems = "the standard error of the measurement"
        guard counts.contains(where: { $0 > 1 }) else { return "± is \(ofItems)." }
        return counts.contains(1) ? "\(ofSeeds), and of a model measured once \(ofItems)." : "\(ofSeeds)."
    }

    /// Compares each variant with the baseline, paired by seed: both saw the same seeds, so that their common luck
    /// cancels in the differences.
    private static func sentences(
        _ variants: [(variant: String, values: [MeasuredValue])], column: ScoreColumn, baseline: String?
    ) -> [String] {
        guard let base = variants.first(where: { $0.variant == baseline }) ?? variants.first,
            variants.count > 1, !base.values.isEmpty
        else { return [] }
        return variants.filter { $0.variant != base.variant }.map { other in
            guard other.values.count == base.values.count else {
                return "\(other.variant) and \(base.variant) were not measured with the same seeds."
            }
            let differences = zip(other.values, base.values).map { $0.value - $1.value }
            let better = differences.filter { column.lowerIsBetter ? $0 < 0 : $0 > 0 }.count
            let values = "\(column.text(spread(other.values))) against \(column.text(spread(base.values)))"
            let subject =
                "\(column.title) of \(other.variant) and of the baseline \(base.variant): \(values)."
            let several = differences.count > 1
            guard let difference = spread(differences), let deviation = difference.standardError,
                deviation > 0 || other.values.contains(where: { $0.value != other.values[0].value })
            else {
                let word = differences[0] == 0 ? "No difference" : better > 0 ? "Better" : "Worse"
                return "\(subject) \(word), \(several ? "and the seeds changed neither" : "with one seed"): "
                    + "how much of it is chance is not known."
            }
            let error = deviation / Double(differences.count).squareRoot()
            let paired = MeasuredValue(difference.value, standardError: error)
            // Two standard errors: a difference that chance alone seldom makes, in the few seeds of a study.
            let clear = abs(difference.value) > 2 * error
            let isBetter = (difference.value < 0) == column.lowerIsBetter
            let verdict = clear ? (isBetter ? "Better" : "Worse") : "No clear difference"
            return "\(subject) \(verdict): \(column.text(paired)) a seed (standard error), "
                + "better with \(better) of \(differences.count) seeds."
        }
    }
}
