import Support

/// One line of training metrics.
public struct TrainingMetrics: Codable, Equatable, Sendable {
    /// Number of steps done.
    public var step: Int
    /// Number of tokens seen since the start of the run.
    public var tokens: Int
    /// The weighted objective, averaged over the steps since the last line.
    public var loss: Double
    /// Each term's mean, unweighted, by the loss's name; a second term of the same name is `NAME_2`.
    public var terms: [String: Double]
    /// Norm of each term's part of the latest step's gradient, with respect to the logits of all positions: weight and T²
    /// included, which shows what each term contributes.
    public var termGradientNorms: [String: Double] = [:]
    /// Weights at the latest step, of the terms in which they change.
    public var termWeights: [String: Double] = [:]
    /// Temperatures at the latest step, of the terms in which they change.
    public var termTemperatures: [String: Double] = [:]
    /// Metrics of the batch source: in on-policy training, the length of the student's answers and their repetition.
    public var source: [String: Double] = [:]
    /// Norm of the student's gradient before clipping, at the latest step.
    public var gradientNorm: Double
    /// Angle to the dense gradient at its latest measurement, in degrees.
    public var gradientAngle: Double?
    /// At the latest step.
    public var learningRate: Double
    /// Mean cross-entropy on held-out text, where it was measured at this step.
    public var validationLoss: Double?
}

/// Receives the metrics of a training run.
public protocol TrainingListener {
    /// Training begins, or is resumed, after `step` steps; metrics of later steps will be repeated.
    ///
    /// - Throws: what ends the run
    func began(atStep step: Int) throws
    /// A line of metrics.
    ///
    /// - Throws: what ends the run
    func measured(_ metrics: TrainingMetrics) throws
    /// SHA-256 of the lines stored so far, saved with the training state; nil where none are stored.
    ///
    /// - Throws: what ends the run
    func digest() throws -> Fingerprint?
}

extension TrainingListener {
    /// Nothing is stored.
    ///
    /// - Throws: nothing
    public func digest() throws -> Fingerprint? { nil }
}
