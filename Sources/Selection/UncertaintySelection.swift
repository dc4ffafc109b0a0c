import Corpora
import Foundation
import Tensors
import Transformer

/// Active learning by uncertainty: chooses the documents whose next tokens a student is least sure of.
///
/// No teacher reads the documents. A student can be sure and wrong: `DisagreementSelection` finds that, too.
///
/// - SeeAlso: Settles 2009, Active Learning Literature Survey, section 3.1.
public struct UncertaintySelection: SelectionMethod {
    /// What of a distribution is measured, at each position before a target.
    public enum Measure: Sendable {
        /// −Σ p ln p, in nats.
        case entropy
        /// The difference between the two largest probabilities: small where the student hesitates between two tokens.
        case margin
    }

    private let student: DecoderModel
    private let measure: Measure

    /// - Parameters:
    ///   - student: the model that will be trained further
    ///   - measure: how its uncertainty is measured
    public init(student: DecoderModel, by measure: Measure) {
        self.student = student
        self.measure = measure
    }

    /// Chooses documents by the mean uncertainty over their targets.
    ///
    /// - Complexity: a forward pass per document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        choice.takeHighest(
            try (0..<corpus.count).map { index in
                defer { progress?(index + 1) }
                return uncertainty(of: try corpus.document(index))
            })
        return choice.chosen.sorted()
    }

    /// The mean over the document's targets; 0 without targets. Higher is less sure.
    func uncertainty(of document: EncodedDocument) -> Double {
        let (hidden, batch) = DocumentFeatures.hidden(document, of: student)
        guard !batch.positions.isEmpty else { return 0 }
        let vocabulary = student.head.rows
        let values = LogitsChunks.map(hidden: hidden, head: student.head) { _, logits in
            measure.uncertainty(of: logits, count: vocabulary)
        }
        return values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
}

extension UncertaintySelection.Measure {
    /// Of one row of logits, which is overwritten by probabilities. Higher is less sure.
    fileprivate func uncertainty(of z: UnsafeMutablePointer<Float>, count: Int) -> Float {
        let sum = LogSumExp(z, count: count)
        // Logits that are not finite have no distribution; nothing is less sure.
        guard sum.isFinite else { return .greatestFiniteMagnitude }
        sum.softmax(of: z, into: z, count: count)
        switch self {
        case .entropy:
            var entropy: Float = 0
            for index in 0..<count where z[index] > 0 { entropy -= z[index] * log(z[index]) }
            return entropy
        case .margin:
            var (first, second): (Float, Float) = (0, 0)
            for index in 0..<count {
                if z[index] > first {
                    (first, second) = (z[index], first)
                } else if z[index] > second {
                    second = z[index]
                }
            }
            return second - first
        }
    }
}
