import Transformer

/// A second model that is trained with the student, on the same batches: in mutual learning each model is the other's teacher
/// (deep mutual learning, Zhang et al. 2018, arXiv 1706.00384).
///
/// With losses that need no teacher, the peer is a teacher that is trained online while the student follows.
public struct Peer {
    /// The model, trained in place.
    public let decoder: DecoderModel
    /// Its objective.
    public var losses: [WeightedLoss]
    /// Its optimizer's options.
    public var optimizer: AdamW.Options

    /// - Parameters:
    ///   - decoder: over the student's vocabulary; it should differ from the student in its weights, shape or objective
    ///   - losses: its objective
    ///   - optimizer: its optimizer's options
    public init(_ decoder: DecoderModel, losses: [WeightedLoss], optimizer: AdamW.Options) {
        self.decoder = decoder
        self.losses = losses
        self.optimizer = optimizer
    }

    /// The peer as a learner. Schedule, clipping and average are the student's; feature losses, exits and quantization are not
    /// used.
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
