import Foundation
import Support

/// What labelling functions did on a corpus, and what a label model learned of them.
public struct WeakLabelReport: Codable, Equatable, Sendable {
    /// One function, measured as Snorkel's `LFAnalysis` does.
    public struct Function: Codable, Equatable, Sendable {
        /// The name.
        public let name: String
        /// The labels that it votes for.
        public let labels: [String]
        /// Records that it votes on.
        public let votes: Int
        /// Fraction of the records that it votes on.
        public let coverage: Double
        /// Fraction of the records that it and another function vote on.
        public let overlaps: Double
        /// Fraction of the records that it and another function give different labels.
        public let conflicts: Double
        /// Learned probability that a vote is right; nil for a function that never votes.
        public let accuracy: Double?
    }

    /// One label.
    public struct Label: Codable, Equatable, Sendable {
        /// The name.
        public let name: String
        /// Its probability without votes, given or estimated.
        public let balance: Double
        /// Records that have it.
        public internal(set) var records = 0
    }

    /// Records of the corpus.
    public let records: Int
    /// Records that have a label.
    public internal(set) var labelled = 0
    /// Records that no function votes on.
    public internal(set) var withoutVotes = 0
    /// Records with votes whose two most probable labels are equally probable.
    public internal(set) var tied = 0
    /// Records whose label none of their votes is for: abstentions and the class balance outweigh them.
    public internal(set) var againstVotes = 0
    /// Records that were written.
    public internal(set) var kept = 0
    /// The labels, in their order.
    public internal(set) var labels: [Label]
    /// The functions, in their order.
    public let functions: [Function]
    /// Whether the class balance was estimated, and not given.
    public let estimatesBalance: Bool
    /// Iterations of the label model.
    public let iterations: Int
    /// What a reader should know.
    public let notes: [String]

    enum CodingKeys: String, CodingKey {
        case records, labelled, tied, kept, labels, functions, iterations, notes
        case withoutVotes = "without_votes"
        case againstVotes = "against_votes"
        case estimatesBalance = "estimates_balance"
    }

    /// The report as JSON.
    ///
    /// - Throws: what the encoder throws
    public func json() throws -> Data { try JSONEncoder.stablePretty.encode(self) + Data("\n".utf8) }

    /// A one-line summary.
    public var summary: String {
        var parts = labels.map { "\($0.records) \($0.name)" }
        if withoutVotes > 0 { parts.append("\(withoutVotes) without votes") }
        if tied > 0 { parts.append("\(tied) tied") }
        if againstVotes > 0 { parts.append("\(againstVotes) labelled against all of their votes") }
        let written = kept < records ? "\(kept) of \(records) records kept; " : ""
        return written + "\(labelled) of \(records) records labelled: " + parts.joined(separator: ", ")
    }
}

extension WeakLabelReport {
    /// What is known before records are labelled.
    init(
        _ matrix: LabelMatrix, _ model: LabelModel, labels: [String], functions names: [String],
        estimatesBalance: Bool
    ) {
        let counts = FunctionCounts(matrix)
        let votes = matrix.votes(labels: labels.count)
        let total = Double(max(matrix.recordCount, 1))
        functions = names.indices.map { index in
            Function(
                name: names[index], labels: labels.indices.filter { votes[index][$0] > 0 }.map { labels[$0] },
                votes: counts.votes[index], coverage: Double(counts.votes[index]) / total,
                overlaps: Double(counts.overlaps[index]) / total,
                conflicts: Double(counts.conflicts[index]) / total, accuracy: model.accuracies[index])
        }
        self.labels = zip(labels, model.classBalance).map { Label(name: $0, balance: $1) }
        records = matrix.recordCount
        iterations = model.iterations
        self.estimatesBalance = estimatesBalance
        notes = Self.notes(functions, model)
    }

    private static func notes(_ functions: [Function], _ model: LabelModel) -> [String] {
        var notes = functions.compactMap { function -> String? in
            guard let accuracy = function.accuracy else { return "\(function.name) never votes" }
            if function.overlaps == 0 {
                return "\(function.name) votes where no other does: nothing is learned of its accuracy"
            }
            if function.labels.count > 1, accuracy < 1 / Double(model.classBalance.count) {
                return "\(function.name) is less accurate than chance: its labels may be the wrong way round"
            }
            return nil
        }
        if !model.isConverged {
            notes.append("the label model has not settled after \(model.iterations) iterations")
        }
        return notes
    }
}

/// On how many records each function votes, votes with another, and is contradicted.
private struct FunctionCounts {
    var votes, overlaps, conflicts: [Int]

    init(_ matrix: LabelMatrix) {
        let zeros = [Int](repeating: 0, count: matrix.functionCount)
        (votes, overlaps, conflicts) = (zeros, zeros, zeros)
        for (row, count) in matrix.counts.enumerated() {
            let outcomes = matrix.outcomes(ofRow: row).filter { $0 != 0 }
            let isOverlap = outcomes.count > 1
            // With two labels in a row, each vote is contradicted by another.
            let isConflict = Set(outcomes).count > 1
            for function in 0..<matrix.functionCount where matrix.vote(of: function, inRow: row) != nil {
                votes[function] += count
                if isOverlap { overlaps[function] += count }
                if isConflict { conflicts[function] += count }
            }
        }
    }
}
