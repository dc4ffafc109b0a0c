import Signals
import Support

/// A loss with its parameters, such as `Loss.forwardKL(temperature: 2)`. Every divergence is 0 when student and teacher agree.
public struct Loss: Equatable, Sendable {
    /// The formula.
    public let kind: LossKind
    /// Temperature of the softmax of student and teacher; 1 for losses without a softmax.
    public var temperature: Float
    /// The value of each of the kind's parameters.
    public let parameters: [String: Float]
    /// Whether each model's logits are first standardized to mean 0 and deviation 1 over the vocabulary, so that the student
    /// need not match the teacher's scale (Sun et al. 2024, arXiv 2403.01427).
    public let standardizesLogits: Bool
    /// Whether a top-k signal is read without its tail: both models' probabilities of the k tokens are scaled to sum to 1.
    /// This is common practice, and biased: the student's mass on all other tokens is not penalized.
    public let renormalizes: Bool

    /// The accepted temperatures: those of signals, since a loss has the temperature of the signal.
    public static let temperatureLimits = SparseSignal.temperatureLimits

    /// - Parameters:
    ///   - kind: the formula
    ///   - temperature: positive
    ///   - given: those that differ from the kind's defaults
    ///   - standardizesLogits: whether logits are standardized first
    ///   - renormalizes: whether a top-k signal is read without its tail
    public init(
        _ kind: LossKind, temperature: Float = 1, parameters given: [String: Float] = [:],
        standardizesLogits: Bool = false, renormalizes: Bool = false
    ) {
        precondition(kind.needsTeacher || !renormalizes, "\(kind.name) has no teacher's distribution")
        self.renormalizes = renormalizes
        precondition(temperature > 0, "a temperature is positive, not \(temperature)")
        precondition(temperature == 1 || kind.hasTemperature, "\(kind.name) has no temperature")
        precondition(kind.needsTeacher || !standardizesLogits, "\(kind.name) has no teacher's logits")
        self.kind = kind
        self.temperature = temperature
        self.standardizesLogits = standardizesLogits
        let names = kind.parameters.map(\.name)
        precondition(given.keys.allSatisfy(names.contains), "\(kind.name) has the parameters \(names)")
        parameters = Dictionary(
            uniqueKeysWithValues: kind.parameters.map { ($0.name, given[$0.name] ?? $0.standard) })
        for parameter in kind.parameters {
            precondition(
                parameter.range.contains(parameters[parameter.name]!),
                "\(parameter.name) of \(kind.name) must be in \(parameter.range)")
        }
    }

    /// Whether the loss compares the student with a teacher.
    public var needsTeacher: Bool { kind.needsTeacher }

    /// The name in recipes and logs.
    public var name: String { kind.name }

    /// Why the loss cannot be computed from cached signals of a kind; nil when it can.
    public func problem(withSignals signals: SparseKind) -> String? {
        if let problem = kind.problem(withSignals: signals) { return problem }
        if renormalizes, case .sampled = signals {
            return
                "\(name) with renormalize is computed from top_k signals: weights of samples sum to 1 already"
        }
        guard standardizesLogits else { return nil }
        return "\(name) with standardize cannot be computed from \(signals.name) signals: they hold no logits"
    }
}

extension SparseSignal {
    /// Why a loss cannot be computed from this signal; nil when it can.
    func problem(with loss: Loss) -> String? {
        guard loss.needsTeacher else { return nil }
        if let problem = loss.problem(withSignals: kind) { return problem }
        guard loss.temperature == temperature else {
            return
                "\(loss.name) has the temperature \(loss.temperature), but the signals were taken at \(temperature)"
        }
        return nil
    }
}

extension Loss: CustomStringConvertible {
    /// Name and parameters, for messages.
    public var description: String {
        let numbers =
            kind.parameters.map { "\($0.name) \(parameters[$0.name]!)" }
            + (temperature == 1 ? [] : ["temperature \(temperature)"])
            + (standardizesLogits ? ["standardize"] : []) + (renormalizes ? ["renormalize"] : [])
        return name + (numbers.isEmpty ? "" : " (\(numbers.joined(separator: ", ")))")
    }
}

/// A loss and its weight in the objective.
///
/// Divergences are multiplied by T², so that their gradients keep their size relative to the cross-entropy's when the
/// temperature T changes (Hinton et al. 2015, arXiv 1503.02531).
public struct WeightedLoss: Equatable, Sendable {
    /// The accepted weights; a ramp may also begin or end at 0.
    public static let weightLimits = NumberLimits.weight

    /// The loss.
    public var loss: Loss
    /// Its factor in the objective.
    public var weight: Float
    /// How the weight changes during training; then `weight` is its value at the start.
    public var weightRamp: Ramp?
    /// How the temperature changes during training.
    public var temperatureRamp: Ramp?

    /// - Parameters:
    ///   - loss: the loss
    ///   - weight: its factor in the objective
    ///   - weightRamp: how the weight changes during training; nil for a constant one
    ///   - temperatureRamp: how the temperature changes during training; nil for a constant one
    public init(_ loss: Loss, weight: Float = 1, weightRamp: Ramp? = nil, temperatureRamp: Ramp? = nil) {
        precondition(
            temperatureRamp == nil || loss.kind.hasTemperature, "\(loss.name) has no temperature to change")
        self.loss = loss
        self.weight = weight
        self.weightRamp = weightRamp
        self.temperatureRamp = temperatureRamp
    }

    /// The term at a point of the training.
    func at(_ progress: TrainingProgress) -> WeightedLoss {
        var loss = loss
        if let temperatureRamp { loss.temperature = temperatureRamp.value(at: progress) }
        return WeightedLoss(loss, weight: weightRamp?.value(at: progress) ?? weight)
    }

    /// Factor of the loss in the objective.
    var factor: Float { weight * loss.temperature * loss.temperature }
    /// Factor of ∂L/∂(z/T) in the gradient with respect to the logits z.
    var gradientFactor: Float { weight * loss.temperature }
}

extension Loss {
    /// Whether the loss applies to a batch: losses without a teacher need ground truth, not what the student generated, and
    /// policy-gradient losses need tokens that it sampled.
    func counts(in batch: TrainingBatch) -> Bool {
        if kind.needsDrawnTokens { return batch.drawn != nil }
        return needsTeacher || !batch.isStudents
    }
}
