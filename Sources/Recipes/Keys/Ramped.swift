import RecipeSchema
import Support
import Training

/// A positive number that may change during training: `0.7`, or `{from: 1, to: 0.2}`.
struct Ramped: Equatable, Sendable {
    /// The number, or its first value.
    let start: Double
    let ramp: Ramp?

    init(_ value: Double) { (start, ramp) = (value, nil) }

    fileprivate init<Ends: RampEnds>(_ section: RampSection<Ends>) {
        start = section.from
        ramp = Ramp(
            from: Float(section.from), to: Float(section.to), driver: section.driver, shape: section.shape)
    }
}

extension KeyType<Ramped> {
    /// A loss's weight, or a mapping that says how it changes.
    static var rampedWeight: Self { ramped(WeightedLoss.weightLimits, WeightEnds.self) }

    /// A loss's temperature, or a mapping that says how it changes.
    static var rampedTemperature: Self { ramped(Loss.temperatureLimits, TemperatureEnds.self) }

    private static func ramped<Ends: RampEnds>(_ limits: NumberLimits, _ ends: Ends.Type) -> Self {
        let number = KeyType<Double>.number(limits)
        let section = KeyType<RampSection<Ends>>.section(RampSection<Ends>.self)
        return Self(
            summary: "\(number.summary), or a mapping", placeholder: { Ramped(1) }, nested: section.nested,
            limits: number.limits,
            decode: { yaml, context in
                if yaml.entries != nil {
                    return section.decode(yaml, context).map { (Ramped($0.value), $0.canonical) }
                }
                return number.decode(yaml, context).map { (Ramped($0.value), $0.canonical) }
            }, canonical: { .number($0.start) })
    }
}

/// What the two ends of a ramp accept.
private protocol RampEnds {
    static var limits: NumberLimits { get }
}

/// A weight may fall to 0.
private enum WeightEnds: RampEnds {
    static let limits = NumberLimits(
        WeightedLoss.weightLimits.least...WeightedLoss.weightLimits.most, orZero: true)
}

private enum TemperatureEnds: RampEnds {
    static let limits = Loss.temperatureLimits
}

/// How a number changes.
private struct RampSection<Ends: RampEnds>: RecipeSection {
    let from, to: Double
    let driver: Ramp.Driver
    let shape: Ramp.Shape

    init(_ section: Section) {
        from = section.value("from", .number(Ends.limits), "The value at the start.")
        to = section.value("to", .number(Ends.limits), "The value at the end.")
        let by: RampDriver = section.value(
            "by", .choice, default: .steps,
            "What it depends on: the steps, or the loss on held-out text (needs validate).")
        shape = section.value("shape", .choice, default: .linear, "How it changes between the two.")
        let bySteps = section.condition(on: "by", by == .steps, "with by: steps")
        let begin = section.value(
            "begin", .number(.belowOne), default: 0, only: bySteps, "Fraction of the steps before it changes."
        )
        let end = section.value(
            "end", .number(.aboveZero), default: 1, only: bySteps,
            "Fraction of the steps at which it reaches the end.")
        let goal = section.value(
            "goal", .number(.positive),
            only: section.condition(on: "by", by == .heldOutLoss, "with by: held_out_loss"),
            "The held-out loss at which it reaches the end; it changes as the loss falls from its first measurement."
        )
        if by == .steps, section.sound("begin", "end"), begin >= end {
            section.problem(at: "end", "the end \(end) does not come after the beginning \(begin)")
        }
        driver = by == .steps ? .steps(begin: min(begin, end / 2), end: end) : .heldOutLoss(goal: goal)
    }
}

private enum RampDriver: String, CaseIterable { case steps, heldOutLoss = "held_out_loss" }
