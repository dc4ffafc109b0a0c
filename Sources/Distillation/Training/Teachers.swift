import Transformer

/// The models that teach while a student trains.
public struct Teachers {
    public let decoders: [Decoder]
    public let mixture: TeacherMixture

    /// - Parameters:
    ///   - decoders: with one vocabulary; feature losses look at the first
    ///   - mixture: has a weight for each
    public init(_ decoders: [Decoder], mixture: TeacherMixture) {
        precondition(decoders.count == mixture.weights.count, "one weight for each teacher")
        self.decoders = decoders
        self.mixture = mixture
    }

    public init(_ decoder: Decoder) { self.init([decoder], mixture: .one) }
}
