/// One term of the training loss.
public struct LossSettings: Sendable, RecipeSection {
    public enum Kind: String, CaseIterable, Sendable {
        case crossEntropy = "cross_entropy"
        case forwardKL = "forward_kl"
        case reverseKL = "reverse_kl"
        case jsd

        /// Whether the term compares with a teacher's distribution.
        public var needsTeacher: Bool { self != .crossEntropy }
    }

    public let kind: Kind
    public let weight: Double
    /// `nil`: that of the cached signal, or 1.
    public let temperature: Double?
    /// The teacher's share in the mixture of the Jensen–Shannon divergence.
    public let beta: Double
    let place: Place
    let temperaturePlace: Place

    init(_ section: Section) {
        kind = section.value(
            "kind", .choice,
            "The term: on the corpus's tokens (cross_entropy) or on the teacher's distributions.")
        weight = section.value("weight", .number(.positive), default: 1, "Factor of the term in the sum.")
        let hasTeacher = section.condition(on: "kind", kind.needsTeacher, "with a teacher's distributions")
        temperature = section.optional(
            "temperature", .number(.positive), defaultText: "the signal's, or 1", only: hasTeacher,
            "Divides both models' logits; the term is multiplied by its square.")
        beta = section.value(
            "beta", .number(.fraction), default: 0.5,
            only: section.condition(on: "kind", kind == .jsd, "with kind: jsd"),
            "The teacher's share in the mixture; 0 is forward_kl, 1 reverse_kl.")
        place = section.place(of: "kind")
        temperaturePlace = section.place(of: "temperature")
    }
}
