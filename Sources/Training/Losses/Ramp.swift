import Foundation

/// A number that changes while a model is trained: a loss's weight or temperature.
public struct Ramp: Equatable, Sendable {
    /// What the number follows.
    public enum Driver: Equatable, Sendable {
        /// The share of the run's steps that is done; the number moves between two shares, 0 ≤ begin < end ≤ 1.
        case steps(begin: Double, end: Double)
        /// The student's loss on held-out text (dynamic distillation): the number has moved all the way once the loss
        /// has fallen from its first measurement to `goal`, and moves back when the loss rises.
        case heldOutLoss(goal: Double)
    }

    public enum Shape: String, CaseIterable, Sendable {
        case linear
        /// Half a cosine wave: slow at both ends.
        case cosine
    }

    public var from: Float
    public var to: Float
    public var driver: Driver
    public var shape: Shape

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
                    // A first loss at or below the goal leaves nothing to wait for.
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

/// How far training has come, which ramps follow.
struct TrainingProgress {
    /// Fraction of the steps that are done.
    var fraction: Double
    /// The held-out loss at its first and its latest measurement; nil before the first.
    var heldOutLoss: (first: Double, latest: Double)?
}
