import RecipeSchema
import Training

/// One term of the training loss.
struct LossSettings: Sendable, RecipeSection {
    let kind: LossKind
    let weight: Ramped
    /// `nil`: that of the cached signal, or 1.
    let temperature: Ramped?
    /// Whether logits are brought to mean 0 and deviation 1 first.
    let standardizes: Bool
    /// Whether a top-k signal is read without its tail.
    let renormalizes: Bool
    /// The kind's parameters.
    let parameters: [String: Float]
    let location: SourceLocation
    let temperatureLocation: SourceLocation

    /// Whether logits themselves are compared: every piece of the student needs one of the teacher's.
    var comparesLogits: Bool { kind.input == .logits || standardizes }

    init(_ section: Section) {
        let kind = section.value(
            "kind", .named(LossKind.all, \.name),
            "The term: on the corpus's tokens (cross_entropy) or on the teacher's distributions.")
        self.kind = kind
        weight = section.value(
            "weight", .rampedWeight, default: Ramped(1),
            "Factor of the term in the sum; a mapping changes it during training.")
        temperature = section.optional(
            "temperature", .rampedTemperature, defaultText: "the signal's, or 1",
            only: section.condition(on: "kind", kind.hasTemperature, "with a teacher's distributions"),
            "Divides both models' logits; the term is multiplied by its square.")
        standardizes = section.value(
            "standardize", .boolean, default: false,
            only: section.condition(on: "kind", kind.needsTeacher, "with a teacher's distributions"),
            "Standardize both models' logits to mean 0 and standard deviation 1 first. Needs teacher, not signals."
        )
        renormalizes = section.value(
            "renormalize", .boolean, default: false,
            only: section.condition(on: "kind", kind.needsTeacher, "with a teacher's distributions"),
            "Compare over the k stored tokens alone, both sides scaled to sum to 1: the common practice, biased, since "
                + "the student's mass on all other tokens is free. Signals of kind top_k only.")
        parameters = section.parameters(
            of: kind, among: LossKind.all, name: \.name, parameters: \.parameters)
        location = section.location(of: "kind")
        temperatureLocation = section.location(of: "temperature")
        if kind == .alphaBeta, section.sound("alpha", "beta"),
            parameters.values.allSatisfy({ $0 == 0 })
        {
            section.problem(at: "alpha", "alpha and beta are both 0", hint: "raise one of them")
        }
    }

    /// The term as a value of the trainer; where the recipe gives no temperature, that of the cached signal, or 1.
    func weighted(signalTemperature: Float?) -> WeightedLoss {
        let temperature = self.temperature?.start ?? signalTemperature.map(Double.init) ?? 1
        return WeightedLoss(
            Loss(
                kind, temperature: kind.hasTemperature ? Float(temperature) : 1,
                parameters: parameters, standardizesLogits: standardizes,
                renormalizes: renormalizes),
            weight: Float(weight.start), weightRamp: weight.ramp, temperatureRamp: self.temperature?.ramp)
    }

    /// Whether the term changes with the held-out loss, so that measuring it has a part in the result.
    var followsHeldOutLoss: Bool {
        [weight.ramp, temperature?.ramp].contains {
            if case .heldOutLoss? = $0?.driver { true } else { false }
        }
    }
}
