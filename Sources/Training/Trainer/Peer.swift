import Transformer

/// A second model that is trained in step with the student, on the same batches: each hears what the other says before
/// the step (deep mutual learning, Zhang et al. 2018, arXiv 1706.00384).
///
/// With losses that need no teacher it is a teacher that goes on learning while the student follows.
public struct Peer {
    public let decoder: DecoderModel
    public var losses: [WeightedLoss]
    public var optimizer: AdamW.Options

    /// - Parameter decoder: over the student's vocabulary; two models that begin alike and learn alike stay alike
    public init(_ decoder: DecoderModel, losses: [WeightedLoss], optimizer: AdamW.Options) {
        self.decoder = decoder
        self.losses = losses
        self.optimizer = optimizer
    }

    /// All else is the student's: schedule, clipping and average. What concerns its own shape is left out.
    func learner(beside student: TrainingOptions) throws -> Learner {
        var options = student
        options.losses = losses
        options.optimizer = optimizer
        options.features = []
        options.exits = nil
        options.quantization = nil
        return try Learner(decoder, options: options, teacher: nil, name: "peer")
    }
}
