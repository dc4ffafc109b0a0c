import Foundation
import Support

/// Labels a corpus by labelling functions whose accuracies are learned (weak supervision).
///
///     let labeling = WeakLabeling(
///         labels: ["good", "bad"],
///         functions: [
///             LabelingFunction("refuses", .filter(try RefusalFilter(), removed: 1, kept: nil)),
///             LabelingFunction("short", .filter(LengthFilter(minimum: 40), removed: 1, kept: 0)),
///             LabelingFunction("rated", .score(key: "meta.judge.score", bounds: 7...10, inside: 0, outside: 1)),
///         ])
///     let report = try labeling.run(CorpusReader([url]), to: labelled)
///
/// The corpus is read twice: for the votes, and to write it. Memory is that of the `LabelMatrix`, and of filters that compare records.
public struct WeakLabeling: Sendable {
    /// Which records are written.
    public struct Selection: Equatable, Sendable {
        /// Only records with this label; nil for any label.
        public var label: Int?
        /// Only records whose label has at least this probability.
        public var probability: Double

        /// Records with a label.
        public init(label: Int? = nil, probability: Double = 0) {
            (self.label, self.probability) = (label, probability)
        }
    }

    /// The fewest functions: the agreement of two does not tell which of them is right.
    public static let fewestFunctions = 3
    /// The key of `meta` that a record's label is written to.
    public static let key = "weak_label"

    private let labels: [String]
    private let functions: [LabelingFunction]
    private let classBalance: [Double]?
    private let selection: Selection?

    /// - Parameters:
    ///   - labels: the names of the labels, at least 2
    ///   - functions: at least `fewestFunctions`, with different names
    ///   - classBalance: the probability of each label, positive, with sum 1; nil to estimate it
    ///   - selection: which records are written; nil for all
    public init(
        labels: [String], functions: [LabelingFunction], classBalance: [Double]? = nil,
        keeping selection: Selection? = nil
    ) {
        precondition(labels.count >= 2 && functions.count >= Self.fewestFunctions, "labels and functions")
        self.labels = labels
        self.functions = functions
        self.classBalance = classBalance
        self.selection = selection
    }

    /// Labels files into a JSONL file.
    ///
    /// A record with a label gets `meta.weak_label`, `{"label", "probability", "votes"}`; all its other bytes stay. A record without votes, or
    /// whose two most probable labels are equally probable, stays as it is.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - output: appears under its name once it is complete
    ///   - directory: for temporary files
    ///   - stage: the name in progress events
    ///   - progress: receives the megabytes read
    /// - Throws: `UserError` for mistakes in the files, for a value that is no vote, and if no function votes or the disk is full;
    ///   `Interrupted` after a signal
    public func run(
        _ reader: CorpusReader, to output: URL, in directory: URL = .temporaryDirectory,
        stage: String = "weak_labels", progress: ProgressHandler = { _ in }
    ) throws -> WeakLabelReport {
        var result: WeakLabelReport?
        try AtomicFile.write(to: output) { writer in
            result = try run(reader, in: directory, stage: stage, progress: progress) {
                try writer.writeLine($0)
            }
        }
        return result!
    }

    /// Labels files; `body` receives the lines of the output, without their line breaks.
    ///
    /// - Throws: as `run(_:to:in:stage:progress:)`, and what `body` throws
    public func run(
        _ reader: CorpusReader, in directory: URL = .temporaryDirectory, stage: String = "weak_labels",
        progress: ProgressHandler = { _ in }, onLine body: (Data) throws -> Void
    ) throws -> WeakLabelReport {
        let matrix = try votes(reader, in: directory, stage: "\(stage), votes", progress)
        guard matrix.outcomes.contains(where: { $0 != 0 }) else {
            throw UserError(
                "no labelling function votes on any of \(matrix.recordCount) records",
                hint: "see what the records have with distill inspect", status: .dataFormat)
        }
        let model = LabelModel(fitting: matrix, labels: labels.count, classBalance: classBalance)
        var report = WeakLabelReport(
            matrix, model, labels: labels, functions: functions.map(\.name),
            estimatesBalance: classBalance == nil)
        let decisions = matrix.counts.indices.map { LabelDecision(matrix, model, row: $0) }
        var record = 0
        try reader.forEachCandidates(stage: stage, progress: progress) { candidates in
            for candidate in candidates {
                let row = Int(matrix.rows[record])
                record += 1
                try write(candidate, decisions[row], matrix, row, &report, body)
            }
        }
        return report
    }

    private func votes(
        _ reader: CorpusReader, in directory: URL, stage: String, _ progress: ProgressHandler
    ) throws -> LabelMatrix {
        try reader.requireInputs()
        let filters = functions.compactMap { function in function.filter.map { (function.name, $0) } }
        try reader.refuseComparison(with: filters.map { ($0.0, $0.1.references) })
        for (_, filter) in filters { try filter.prepare(in: FilterWorkspace(directory: directory)) }
        var matrix = LabelMatrix(functions: functions.count)
        try reader.forEachCandidates(stage: stage, progress: progress) { candidates in
            let columns = try functions.map { try $0.outcomes(of: candidates) }
            for index in candidates.indices { matrix.append(outcomes: columns.map { $0[index] }) }
        }
        return matrix
    }

    private func write(
        _ candidate: CandidateRecord, _ decision: LabelDecision, _ matrix: LabelMatrix, _ row: Int,
        _ report: inout WeakLabelReport, _ body: (Data) throws -> Void
    ) throws {
        switch decision {
        case .noVotes: report.withoutVotes += 1
        case .tie: report.tied += 1
        case .label(let label, let probability):
            report.labelled += 1
            report.labels[label].records += 1
            if !matrix.outcomes(ofRow: row).contains(UInt8(label + 1)) { report.againstVotes += 1 }
            if let selection {
                guard selection.label ?? label == label, probability >= selection.probability else { return }
            }
            report.kept += 1
            let value = WeakLabel(
                label: labels[label], probability: (probability * 1e6).rounded() / 1e6,
                votes: Dictionary(
                    uniqueKeysWithValues: functions.indices.compactMap { index in
                        matrix.vote(of: index, inRow: row).map { (functions[index].name, labels[$0]) }
                    }))
            return try body(
                try candidate.lineBytes(settingMeta: Self.key, to: JSONEncoder.stable.encode(value)))
        }
        guard selection == nil else { return }
        report.kept += 1
        try body(try candidate.lineBytes())
    }
}

/// What a record's `meta.weak_label` holds.
private struct WeakLabel: Encodable {
    let label: String
    let probability: Double
    let votes: [String: String]
}

/// The label of the records of a distinct row.
private enum LabelDecision {
    case noVotes
    case tie
    case label(Int, probability: Double)

    /// Probabilities nearer than this are equal: sums in another order differ by less.
    private static let tieTolerance = 1e-9

    init(_ matrix: LabelMatrix, _ model: LabelModel, row: Int) {
        guard matrix.outcomes(ofRow: row).contains(where: { $0 != 0 }) else {
            self = .noVotes
            return
        }
        let probabilities = Array(model.probabilities(ofRow: row))
        let order = probabilities.indices.sorted {
            (probabilities[$1], $0) < (probabilities[$0], $1)
        }
        let (first, second) = (probabilities[order[0]], probabilities[order[1]])
        self = first - second < Self.tieTolerance ? .tie : .label(order[0], probability: first)
    }
}
