import Foundation

/// A number that changes during training: a loss's weight or temperature.
public struct Ramp: Equatable, Sendable {
    /// What the number depends on.
    public enum Driver: Equatable, Sendable {
        /// The fraction of the run's steps that is done; the number changes between two fractions, 0 ≤ begin < end ≤ 1.
        case steps(begin: Double, end: Double)
        /// The student's loss on held-out text (dynamic distillation): the number reaches its end once the loss has fallen from
        /// its first measurement to `goal`, and moves back when the loss rises.
        case heldOutLoss(goal: Double)
    }

    /// The curve from start to end.
    public enum Shape: String, CaseIterable, Sendable {
        /// A straight line.
        case linear
        /// Half a cosine wave: slow at both ends.
        case cosine
    }

    /// The value at the start.
    public var from: Float
    /// The value at the end.
    public var to: Float
    /// What the value depends on.
    public var driver: Driver
    /// The curve between them.
    public var shape: Shape

    /// A ramp; over the whole run and linear by default.
    public init(
        from: Float, to: Float, driver: Driver = .steps(begin: 0, end: 1), shape: Shape = .linear
    ) {
        if case .steps(let begin, let end) = driver {
            precondition(0 <= begin && begin < end && end <= 1, "a ramp from \(begin) to \(end) of the steps")
        }
        self.from = from
        self.to = to
        self.driver = driver
        self.shape = shape
    }

    func value(at progress: TrainingProgress) -> Float {
        let way: Double =
            switch driver {
            case .steps(let begin, let end): (progress.fraction - begin) / (end - begin)
            case .heldOutLoss(let goal):
                if let loss = progress.heldOutLoss {
                    // A first loss at or below the goal has reached it already.
                    loss.first > goal ? (loss.first - loss.latest) / (loss.first - goal) : 1
                } else {
                    0
                }
            }
        let clamped = min(max(way, 0), 1)
        let eased = shape == .linear ? clamped : 0.5 * (1 - cos(.pi * clamped))
        return from + (to - from) * Float(eased)
    }
}

/// The progress of training, which ramps follow.
struct TrainingProgress {
    /// Fraction of the steps that are done.
    var fraction: Double
    /// The held-out loss at its first and its latest measurement; nil before the first.
    var heldOutLoss: (first: Double, latest: Double)?
}
