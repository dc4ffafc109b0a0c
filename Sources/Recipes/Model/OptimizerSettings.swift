import Support
import Training

/// How gradients change the weights.
public struct OptimizerSettings: Sendable, RecipeSection {
    public enum Kind: String, CaseIterable, Sendable { case adamw }

    public let kind: Kind
    public let learningRate, weightDecay, beta1, beta2, epsilon, embeddingLearningRateScale: Double

    init(_ section: Section) {
        kind = section.value("kind", .choice, default: .adamw, "The rule.")
        learningRate = section.value(
            "learning_rate", .number(AdamW.Options.Limits.learningRate), default: 1e-3, example: "2e-3",
            "The peak of the schedule.")
        weightDecay = section.value(
            "weight_decay", .number(AdamW.Options.Limits.weightDecay), default: 0.05,
            "Decoupled decay of the weight matrices; norms have none.")
        beta1 = section.value(
            "beta1", .number(AdamW.Options.Limits.beta), default: 0.9, "Memory of the mean gradient.")
        beta2 = section.value(
            "beta2", .number(AdamW.Options.Limits.beta), default: 0.95, "Memory of the mean squared gradient."
        )
        epsilon = section.value(
            "epsilon", .number(AdamW.Options.Limits.epsilon), default: 1e-8,
            "Added to the root of the second moment.")
        embeddingLearningRateScale = section.value(
            "embedding_learning_rate_scale", .number(AdamW.Options.Limits.learningRateScale), default: 1,
            "Factor of the learning rate of the embedding.")
    }
}

/// How the learning rate changes over the steps.
public struct ScheduleSettings: Sendable, RecipeSection {
    public enum Kind: String, CaseIterable, Sendable { case cosine, linear, constant, wsd }

    /// A part of training.
    public enum Length: Equatable, Sendable {
        case fraction(Double)
        case steps(Int)
    }

    public let kind: Kind
    public let warmup: Length
    /// The last learning rate, as a fraction of the peak.
    public let final: Double
    /// The last part of training, in which `wsd` (warm-up, stable, decay) falls.
    public let decay: Length

    init(_ section: Section) {
        kind = section.value(
            "kind", .choice, default: .cosine, "Its shape after the warm-up; wsd is constant, then falls.")
        warmup = section.value(
            "warmup", .length, default: .fraction(0.05),
            "Linear rise at the start: a fraction below 1, or steps.")
        final = section.value(
            "final", .number(.fraction), default: kind == .constant ? 1 : 0.1, defaultText: "0.1",
            only: section.condition(on: "kind", kind != .constant, "with a schedule that falls"),
            "The last rate, as a fraction of the peak.")
        decay = section.value(
            "decay", .length, default: .fraction(0.2),
            only: section.condition(on: "kind", kind == .wsd, "with kind: wsd"),
            "The falling part at the end: a fraction below 1, or steps.")
    }
}

extension KeyType where Value == ScheduleSettings.Length {
    static var length: KeyType {
        let number = KeyType<Double>.number(NumberLimits(0...1e12))
        return KeyType(
            summary: "a fraction below 1, or a whole number of steps", placeholder: { .fraction(0) },
            limits: number.limits,
            decode: { yaml, decoding in
                guard let decoded = number.decode(yaml, decoding) else { return nil }
                if decoded.value < 1 { return (.fraction(decoded.value), decoded.setting) }
                guard let steps = Int(exactly: decoded.value) else {
                    decoding.problems.add(
                        "\(decoded.value) is neither a fraction nor a number of steps", at: yaml.place,
                        hint: "expected: a fraction below 1, or a whole number of steps")
                    return nil
                }
                return (.steps(steps), decoded.setting)
            },
            setting: { length in
                switch length {
                case .fraction(let fraction): .number(fraction)
                case .steps(let steps): .number(Double(steps))
                }
            })
    }
}
