import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// How a model is pruned to a smaller student: structured pruning of layers, neurons, heads, channels and vocabulary, as
/// DistilBERT (arXiv 1910.01108) and Minitron (arXiv 2407.14679) initialize students.
///
///     let plan = PruningPlan(layers: .count(4), feedForward: 512)
///     let (student, report) = try plan.apply(to: checkpoint, records: records)
public struct PruningPlan: Equatable, Sendable {
    /// The layers that remain.
    public enum Layers: Equatable, Sendable {
        /// A number of layers, those that change the residual stream most.
        case count(Int)
        /// These layers, from 1, in this order.
        case chosen([Int])
    }

    /// The vocabulary that remains.
    public struct Vocabulary: Equatable, Sendable {
        /// Number of pieces.
        public var size: Int
        /// Symbols that replace pieces, such as role markers.
        public var symbols: [VocabularyTrim.Symbol]

        /// A vocabulary of a size.
        public init(size: Int, symbols: [VocabularyTrim.Symbol] = []) {
            self.size = size
            self.symbols = symbols
        }
    }

    /// The layers that remain; nil for all.
    public var layers: Layers?
    /// Inner width of the feed-forward layers; nil leaves it.
    public var feedForward: Int?
    /// Number of query heads; nil leaves it.
    public var heads: Int?
    /// Width of the residual stream; nil leaves it.
    public var width: Int?
    /// The vocabulary that remains; nil for all.
    public var vocabulary: Vocabulary?
    /// Whether output projections are refitted to the whole model by least squares: `DecoderModel.reconstructed`.
    public var reconstructs: Bool

    /// A plan that leaves everything that is nil.
    public init(
        layers: Layers? = nil, feedForward: Int? = nil, heads: Int? = nil, width: Int? = nil,
        vocabulary: Vocabulary? = nil, reconstructs: Bool = false
    ) {
        self.layers = layers
        self.feedForward = feedForward
        self.heads = heads
        self.width = width
        self.vocabulary = vocabulary
        self.reconstructs = reconstructs
    }

    /// Whether nothing is removed.
    public var removesNothing: Bool { keepsLayersWhole && vocabulary == nil }

    /// Whether the layers stay as they are, so that there is nothing to reconstruct.
    public var keepsLayersWhole: Bool {
        layers == nil && feedForward == nil && heads == nil && width == nil
    }

    /// What text is needed for, beside the choice of pieces: the beginning of a message; nil for nothing.
    package var useOfText: String? {
        if measuresImportance { return "importance is measured on text" }
        return reconstructs ? "projections are fitted on text" : nil
    }

    /// Whether importance is measured.
    public var measuresImportance: Bool {
        if case .count = layers { return true }
        return feedForward != nil || heads != nil || width != nil
    }

    /// Whether rows of matrices are kept as they are or removed whole, so that weights can stay in their storage format.
    public var keepsRows: Bool { feedForward == nil && heads == nil && width == nil && !reconstructs }

    /// Number of tokens that importance is measured on; more change only the order of nearly equal scores.
    package static let importanceTokens = 8192
    /// Number of tokens for the probabilities of pieces: half of them to choose pieces, half to measure the mass that is lost
    /// without the others.
    package static let massTokens = 4096
    /// Number of tokens that output projections are refitted on: an order of magnitude more than a layer has neurons.
    package static let reconstructionTokens = 16384

    /// Prunes a model.
    ///
    /// - Parameters:
    ///   - whole: the model, which is not changed
    ///   - records: text that importance is measured on; chats are read as plain text
    ///   - vocabularyRecords: text that the tokenizer must segment as before; nil for `records`
    ///   - progress: receives notes
    /// - Returns: the student, and what was removed
    /// - Throws: `UserError` for a part that does not exist, a model without tokenizer, or no text
    public func apply(
        to whole: Checkpoint, records: [CorpusRecord], vocabularyRecords: [CorpusRecord]? = nil,
        progress: ProgressHandler? = nil
    ) throws -> (student: Checkpoint, report: PruningReport) {
        let shape = whole.decoder.configuration
        var report = PruningReport(parameters: shape.parameterCount)
        var selection = DecoderSelection()
        if let vocabulary, let problem = try problem(with: vocabulary, of: whole) { throw problem }
        if reconstructs, let fault = DecoderModel.reconstructionFault(of: shape) {
            throw UserError(fault, hint: "prune without reconstruction", status: .configuration)
        }
        if measuresImportance {
            let sample = try CalibrationSample(
                plainTextOf: records, tokens: Self.importanceTokens, of: whole)
            progress?(.note("measuring importance on \(sample.batch.ids.count) tokens"))
            let importance = try Importance(of: whole.decoder, on: sample.batch)
            var count: Int?
            if case .count(let wanted) = layers { count = wanted }
            selection = try DecoderSelection(
                most: importance, of: shape, layers: count, feedForward: feedForward, heads: heads,
                width: width)
            report.blockInfluence = importance.layers
        }
        if case .chosen(let chosen) = layers { selection.layers = chosen.map { $0 - 1 } }
        report.layers = selection.layers?.map { $0 + 1 }
        var trim: VocabularyTrim?
        if let vocabulary {
            progress?(.note("choosing \(vocabulary.size) of \(shape.vocabularySize) pieces"))
            let records = vocabularyRecords ?? records
            let (first, second) = try CalibrationSample(
                plainTextOf: records, tokens: Self.massTokens, of: whole
            ).halves
            let chosen = try VocabularyTrim(
                whole.requireTokenizer(), to: vocabulary.size,
                texts: try records.flatMap { try $0.texts(writtenBy: whole.chatTemplate) },
                required: Self.requiredIDs(of: whole), symbols: vocabulary.symbols,
                preferring: first.meanProbabilities(of: whole.decoder))
            report.vocabulary = PruningReport.Vocabulary(
                pieces: chosen.tokenizer.vocabularySize, usage: chosen.usage,
                lostMass: second.lostMass(of: whole.decoder, keeping: chosen),
                lostMassPositions: second.batch.ids.count)
            trim = chosen
        }
        var student = try whole.pruned(to: selection, vocabulary: trim)
        if reconstructs {
            student = try reconstructed(student, of: whole, selection, trim, records, progress)
        }
        report.remainingParameters = student.decoder.configuration.parameterCount
        return (student, report)
    }

    /// The student with its output projections refitted.
    private func reconstructed(
        _ student: Checkpoint, of whole: Checkpoint, _ selection: DecoderSelection, _ trim: VocabularyTrim?,
        _ records: [CorpusRecord], _ progress: ProgressHandler?
    ) throws -> Checkpoint {
        let reference = try trim.map { try whole.pruned(to: DecoderSelection(), vocabulary: $0) } ?? whole
        let sample = try CalibrationSample(records, tokens: Self.reconstructionTokens, of: student)
        let layers = student.decoder.configuration.layers
        let decoder = try student.decoder.reconstructed(
            from: reference.decoder, keeping: selection, on: sample.batch
        ) { done in
            progress?(.note("reconstructed \(done) of \(layers) layers on \(sample.batch.ids.count) tokens"))
        }
        return student.replacing(decoder)
    }

    /// Why no text makes the model's vocabulary such a one; nil if one does.
    private func problem(with vocabulary: Vocabulary, of whole: Checkpoint) throws -> UserError? {
        VocabularyTrim.problem(
            of: try whole.requireTokenizer(), to: vocabulary.size, required: try Self.requiredIDs(of: whole),
            symbols: vocabulary.symbols)
    }

    private static func requiredIDs(of whole: Checkpoint) throws -> Set<Int32> {
        whole.tokens.requiredIDs(of: try whole.requireTokenizer(), template: whole.chatTemplate)
    }
}
