import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// How a student is cut from a larger model, as DistilBERT (arXiv 1910.01108) and Minitron (arXiv 2407.14679) begin.
public struct PruningPlan: Equatable, Sendable {
    public enum Layers: Equatable, Sendable {
        /// So many, those that change the residual stream most.
        case count(Int)
        /// These, counted from 1, in this order.
        case chosen([Int])
    }

    /// What of the vocabulary is kept.
    public struct Vocabulary: Equatable, Sendable {
        /// Pieces in all.
        public var size: Int
        /// Symbols that take the place of pieces, such as role markers.
        public var symbols: [VocabularyTrim.Symbol]

        public init(size: Int, symbols: [VocabularyTrim.Symbol] = []) {
            self.size = size
            self.symbols = symbols
        }
    }

    public var layers: Layers?
    public var feedForward: Int?
    public var heads: Int?
    public var width: Int?
    public var vocabulary: Vocabulary?

    public init(
        layers: Layers? = nil, feedForward: Int? = nil, heads: Int? = nil, width: Int? = nil,
        vocabulary: Vocabulary? = nil
    ) {
        self.layers = layers
        self.feedForward = feedForward
        self.heads = heads
        self.width = width
        self.vocabulary = vocabulary
    }

    /// Whether text is needed to tell which parts matter.
    public var measuresImportance: Bool {
        if case .count = layers { return true }
        return feedForward != nil || heads != nil || width != nil
    }

    /// Whether whole rows of matrices are kept, so that weights can stay as they are stored.
    public var keepsRows: Bool { feedForward == nil && heads == nil && width == nil }

    /// Tokens on which importance is measured: more change the order of close ones only.
    public static let importanceTokens = 8192
    /// Tokens on which a model is asked what it finds likely: half of them to choose pieces, half to measure what mass
    /// is lost without the others.
    public static let massTokens = 4096

    /// Cuts a student.
    ///
    /// - Parameters:
    ///   - records: Text that importance is measured on; its chats are read as plain text.
    ///   - vocabularyRecords: Text that the vocabulary must divide as before; nil for `records`.
    /// - Throws: `UserError` for a part that does not exist, a model without tokenizer, or no text.
    public func apply(
        to whole: Checkpoint, records: [CorpusRecord], vocabularyRecords: [CorpusRecord]? = nil,
        progress: ProgressHandler? = nil
    ) throws -> (student: Checkpoint, report: PruningReport) {
        let shape = whole.decoder.configuration
        var report = PruningReport(parameters: shape.parameterCount)
        var selection = DecoderSelection()
        if measuresImportance {
            let sample = try CalibrationSample(records, tokens: Self.importanceTokens, of: whole)
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
            var required = whole.tokens.ends + [whole.tokens.begin, whole.tokens.padding].compactMap { $0 }
            // What chats are written with, too.
            if let template = whole.chatTemplate {
                required += try template.encode(
                    Role.allCases.map { Message(role: $0, content: "") }, with: whole.requireTokenizer()
                ).ids
            }
            let (first, second) = try CalibrationSample(records, tokens: Self.massTokens, of: whole).halves
            let chosen = try VocabularyTrim(
                whole.requireTokenizer(), to: vocabulary.size, texts: records.flatMap(\.texts),
                required: Set(required), symbols: vocabulary.symbols,
                preferring: first.meanProbabilities(of: whole.decoder))
            report.vocabulary = PruningReport.Vocabulary(
                pieces: chosen.tokenizer.vocabularySize, usage: chosen.usage,
                lostMass: second.lostMass(of: whole.decoder, keeping: chosen),
                lostMassPositions: second.batch.ids.count)
            trim = chosen
        }
        let student = try whole.pruned(to: selection, vocabulary: trim)
        report.remainingParameters = student.decoder.configuration.parameterCount
        return (student, report)
    }
}

/// What cutting a student did.
public struct PruningReport: Codable, Equatable, Sendable {
    public struct Vocabulary: Codable, Equatable, Sendable {
        /// Pieces kept.
        public var pieces: Int
        public var usage: VocabularyTrim.Usage
        /// Mean probability that the whole model gives to pieces that are gone, over positions of the text.
        public var lostMass: Double
        public var lostMassPositions: Int
    }

    /// Of the whole model and of the student.
    public var parameters: Int
    public var remainingParameters = 0
    /// The layers kept, counted from 1; nil for all.
    public var layers: [Int]?
    /// How much each layer of the whole model changes the residual stream, where it was measured.
    public var blockInfluence: [Double]?
    public var vocabulary: Vocabulary?

    init(parameters: Int) { self.parameters = parameters }

    /// One line for people.
    public var summary: String {
        func percent(_ share: Double) -> String {
            (100 * share).formatted(
                .number.precision(.fractionLength(2)).locale(Locale(identifier: "en_US_POSIX"))) + "%"
        }
        var parts = ["\(remainingParameters) of \(parameters) parameters"]
        if let layers { parts.append("layers \(layers.map(String.init).joined(separator: " "))") }
        if let vocabulary {
            parts.append(
                "\(vocabulary.pieces) pieces, the text uses \(vocabulary.usage.pieces), "
                    + "\(percent(vocabulary.usage.changedFraction)) of its tokens change, "
                    + "\(percent(vocabulary.lostMass)) of the model's mass is lost")
        }
        return parts.joined(separator: "; ")
    }
}
