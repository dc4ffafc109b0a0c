import Corpora
import Signals
import Training

/// Which tokens of a document count.
public enum LossScope: String, CaseIterable, Sendable {
    case all
    /// Only what the assistant says, and the end of its turn.
    case assistant

    /// The default of all stages and of the command `label`.
    public static let standard = LossScope.all
}

/// What the teacher's distribution at a position is stored as.
public enum SignalSettings: Equatable, Sendable {
    /// The `k` most likely tokens and the mass of the rest.
    case topK(k: Int, temperature: Double)
    /// At most `head` of the likeliest tokens exactly, and samples of the rest: its share of `draws`.
    case sampled(head: Int, draws: Int, temperature: Double)

    /// Fixed when the signal is captured.
    public var temperature: Double {
        switch self {
        case .topK(_, let temperature), .sampled(_, _, let temperature): temperature
        }
    }

    var isSampled: Bool {
        if case .sampled = self { true } else { false }
    }

    var sparseKind: SparseKind {
        switch self {
        case .topK(let k, _): .topK(k: k)
        case .sampled(let head, let draws, _): .sampled(head: head, draws: draws)
        }
    }
}

/// Stores a teacher's token distributions over a corpus: a signal cache.
public struct LabelStage: Sendable, RecipeSection {
    public let model: Reference
    public let corpus: [Reference]
    /// What a document of a text file is.
    public let documents: TextDocuments
    public let signal: SignalSettings
    public let lossOn: LossScope
    public let systemTurns: SystemTurns
    /// Layers of the teacher, from 1, whose hidden states are stored too.
    public let hidden: [Int]
    let hiddenPlace: SourceLocation
    /// Documents are cut to this many tokens.
    public let contextLength: Int
    public let seed: UInt64?
    let name: String

    init(_ section: Section) {
        model = section.modelReference("The model whose distributions are stored.")
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to label.")
        documents = section.corpusDocuments()
        signal = section.section("signal", SignalSection.self, "What is stored for each token.").signal
        hidden = section.value(
            "hidden", .list(of: .integer(1...512), atLeast: 0), default: [],
            "Layers of the model, from 1, whose hidden states are stored too (2 bytes a value), for features without a "
                + "teacher.")
        hiddenPlace = section.place(of: "hidden")
        lossOn = section.value("loss_on", .choice, default: .standard, "The tokens to label.")
        systemTurns = section.systemTurns(lossOn)
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Documents are cut to this many tokens.")
        seed = section.stageSeed()
        name = section.artefactName(default: "signals")
    }
}

private struct SignalSection: RecipeSection {
    enum Kind: String, CaseIterable { case topK = "top_k", sampled }

    let signal: SignalSettings

    init(_ section: Section) {
        let kind: Kind = section.value(
            "kind", .choice, default: .sampled, example: "sampled",
            "top_k keeps the likeliest tokens and the mass of the rest; sampled is unbiased for forward_kl.")
        let isTopK = section.condition(on: "kind", kind == .topK, "with kind: top_k")
        let isSampled = section.condition(on: "kind", kind == .sampled, "with kind: sampled")
        let k = section.value(
            "k", .integer(SparseKind.Limits.k), default: SparseKind.Standard.k, only: isTopK, "Tokens kept.")
        let head = section.value(
            "head", .integer(SparseKind.Limits.head), default: SparseKind.Standard.head, example: "8",
            only: isSampled,
            "Likeliest tokens stored exactly, at most: those no less likely than 1/draws.")
        let draws = section.value(
            "draws", .integer(SparseKind.Limits.draws), default: SparseKind.Standard.draws, example: "64",
            only: isSampled,
            "Samples that the whole distribution would get; the other tokens get their share, at least one.")
        let temperature = section.value(
            "temperature", .number(Loss.temperatureLimits), default: 1,
            "Divides the teacher's logits before they are stored.")
        signal =
            switch kind {
            case .topK: .topK(k: k, temperature: temperature)
            case .sampled: .sampled(head: head, draws: draws, temperature: temperature)
            }
    }
}
