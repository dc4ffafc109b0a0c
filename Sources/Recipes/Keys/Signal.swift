import RecipeSchema
import Signals
import Training

/// What is stored of the teacher's distribution at a position, and its temperature, which is fixed when it is stored.
struct SignalSettings: Equatable, Sendable, RecipeSection {
    private enum Kind: String, CaseIterable { case topK = "top_k", sampled }

    let kind: SparseKind
    let temperature: Double

    init(_ section: Section) {
        let kind: Kind = section.value(
            "kind", .choice, default: .sampled, example: "sampled",
            "top_k: the most probable tokens and the mass of the rest. sampled: an unbiased estimate of "
                + "forward_kl.")
        let isTopK = section.condition(on: "kind", kind == .topK, "with kind: top_k")
        let isSampled = section.condition(on: "kind", kind == .sampled, "with kind: sampled")
        let k = section.value(
            "k", .integer(SparseKind.Limits.k), default: SparseKind.Standard.k, only: isTopK,
            "Number of most probable tokens stored.")
        let head = section.value(
            "head", .integer(SparseKind.Limits.head), default: SparseKind.Standard.head, example: "8",
            only: isSampled,
            "Maximum number of most probable tokens stored exactly, those of probability at least 1/draws.")
        let draws = section.value(
            "draws", .integer(SparseKind.Limits.draws), default: SparseKind.Standard.draws, example: "64",
            only: isSampled,
            "Samples drawn for a whole distribution; the tail gets its fraction of them, at least one."
        )
        temperature = section.value(
            "temperature", .number(Loss.temperatureLimits), default: 1,
            "Divides the teacher's logits before they are stored.")
        self.kind =
            switch kind {
            case .topK: .topK(k: k)
            case .sampled: .sampled(head: head, draws: draws)
            }
    }
}
