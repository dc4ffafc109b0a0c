import Support
import Tokenization

/// A model that filters read records with, opened when it is first needed.
///
/// This target knows no models: those above conform to the protocol. A filter that needs one is given it as the value of an option.
public protocol FilterModel: Sendable {
    /// The name in reasons and messages.
    var name: String { get }

    /// Its tokenizer, for which no weights are read.
    ///
    /// - Throws: `UserError` if there is none, or it is not sound
    func tokenizer() throws -> Tokenizer

    /// What measures records with the model.
    ///
    /// - Throws: `UserError` if the model cannot be read, or has no such layer or context
    func scorer(_ measure: RecordMeasure) throws -> any RecordScorer

    /// An empty index of vectors.
    ///
    /// - Parameters:
    ///   - width: components of a vector
    ///   - threshold: the least cosine that is looked for
    func index(width: Int, threshold: Float) -> any SimilarityIndex
}

/// What a model measures of a record.
public enum RecordMeasure: Hashable, Sendable {
    /// The mean negative log-likelihood of a part, in nats per token: the logarithm of its perplexity; and the number of tokens. Two values.
    ///
    /// - Parameters:
    ///   - of: the part that is scored
    ///   - hidesPrompt: whether all turns but the assistant's are empty
    ///   - context: tokens of a window; nil for `CorpusEncoder.standardContext`, or the model's own where that is shorter
    case likelihood(of: TextPart, hidesPrompt: Bool = false, context: Int?)
    /// The mean hidden state over the tokens of a part, scaled to length 1. As many values as the model is wide.
    ///
    /// - Parameters:
    ///   - of: the part
    ///   - layer: from 1; nil for the last, after the final norm
    ///   - context: tokens after which a record is truncated; nil as above
    case hiddenState(of: TextPart, layer: Int?, context: Int?)
}

/// Measures records with a model.
public protocol RecordScorer {
    /// Values of a record.
    var width: Int { get }
    /// The digest of all that decides the values of a record: weights, tokenizer, chat template and measure.
    var identity: Fingerprint { get }

    /// Measures records; `body` receives the values of the next records, batch after batch, and the tokens that were run. A record with
    /// nothing to measure has no values.
    ///
    /// - Throws: `UserError` for a record that the chat template refuses, or on which the model's output is not finite; `Interrupted`;
    ///   what `body` throws
    func score(
        _ records: [CandidateRecord], _ body: (_ values: [[Float]], _ tokens: Int) throws -> Void
    ) throws
}

/// Finds vectors that are similar to those before, by their cosine.
public protocol SimilarityIndex: Sendable {
    /// An empty index of the same kind.
    func emptied() -> any SimilarityIndex

    /// Looks each vector up, in order, and adds it unless it is found.
    ///
    /// - Parameter vectors: of length 1
    /// - Returns: of each the most similar earlier vector of at least the threshold, by its number in the index, the first of several;
    ///   nil for one that was added
    mutating func add(_ vectors: [[Float]]) -> [(number: Int, cosine: Float)?]
}
