import RecipeSchema
import Support
import Training

/// How the learning rate changes over the steps: a `Schedule` whose parts may be numbers of steps.
struct ScheduleSettings: Sendable, RecipeSection {
    /// A part of training.
    enum Length: Equatable, Sendable {
        case fraction(Double)
        case steps(Int)

        func fraction(of steps: Int) -> Double {
            switch self {
            case .fraction(let fraction): fraction
            case .steps(let count): min(1, Double(count) / Double(steps))
            }
        }
    }

    let shape: Schedule.Shape
    let warmup: Length
    let final: Double
    let decay: Length

    init(_ section: Section) {
        let shape: Schedule.Shape = section.value(
            "kind", .choice, default: .cosine,
            "The shape after the warm-up; wsd (warm-up, stable, decay) is constant, then decays.")
        self.shape = shape
        warmup = section.value(
            "warmup", .length, default: .fraction(0.05),
            "Length of the linear warm-up: a fraction of the steps, below 1, or a number of steps.")
        final = section.value(
            "final", .number(.fraction), default: shape == .constant ? 1 : 0.1, defaultText: "0.1",
            only: section.condition(on: "kind", shape != .constant, "with a schedule that falls"),
            "The final learning rate, as a fraction of the peak.")
        decay = section.value(
            "decay", .length, default: .fraction(0.2),
            only: section.condition(on: "kind", shape == .wsd, "with kind: wsd"),
            "Length of the decay at the end: a fraction of the steps, below 1, or a number of steps.")
    }

    /// The schedule of a training with so many steps.
    func schedule(steps: Int) -> Schedule {
        Schedule(shape, warmup: warmup.fraction(of: steps), final: final, decay: decay.fraction(of: steps))
    }
}

extension KeyType<ScheduleSettings.Length> {
    /// A fraction of training, or a number of steps.
    static var length: Self {
        let number = KeyType<Double>.number(NumberLimits(0...1e12))
        let summary = "a fraction below 1, or a whole number of steps"
        return Self(
            summary: summary, placeholder: { .fraction(0) }, limits: number.limits,
            decode: { yaml, context in
                guard let decoded = number.decode(yaml, context) else { return nil }
                if decoded.value < 1 { return (.fraction(decoded.value), decoded.canonical) }
                guard let steps = Int(exactly: decoded.value) else {
                    context.problems.add(
                        "\(decoded.value) is neither a fraction nor a number of steps", at: yaml.location,
                        hint: "expected: \(summary)")
                    return nil
                }
                return (.steps(steps), decoded.canonical)
            },
            canonical: { length in
                switch length {
                case .fraction(let fraction): .number(fraction)
                case .steps(let steps): .number(Double(steps))
                }
            })
    }
}

extension KeyType<TrainingOptions.SaveInterval> {
    /// A number of steps, or a time such as `60s`.
    static var saveInterval: Self {
        let summary = "a number of steps, or seconds such as 60s"
        return Self(
            summary: summary, placeholder: { .seconds(60) }, limits: .integer(1...Int.max),
            decode: { yaml, context in
                if case .scalar(let text, _) = yaml.content {
                    if let steps = integerValue(text), steps > 0 { return (.steps(steps), .integer(steps)) }
                    if text.hasSuffix("s"), let seconds = numberValue(String(text.dropLast())) {
                        let limits = TrainingOptions.Limits.saveSeconds
                        if limits.contains(seconds) { return (.seconds(seconds), .text(text)) }
                        context.problems.add(
                            "\(text) is out of range", at: yaml.location, hint: "expected: \(limits) seconds")
                        return nil
                    }
                }
                context.problems.add(
                    "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                return nil
            },
            canonical: { interval in
                switch interval {
                case .steps(let steps): .integer(steps)
                case .seconds(let seconds): .text("\(Int(seconds))s")
                case .never: .null
                }
            })
    }
}
