import Signals
import Tensors
import Transformer

/// One or several teachers that run beside the student during training.
public struct Teachers {
    /// The models.
    public let decoders: [DecoderModel]
    /// How their distributions are combined.
    public let mixture: TeacherMixture

    /// - Parameters:
    ///   - decoders: with one vocabulary; feature losses compare the student with the first
    ///   - mixture: has a weight for each
    public init(_ decoders: [DecoderModel], mixture: TeacherMixture) {
        precondition(decoders.count == mixture.weights.count, "one weight for each teacher")
        self.decoders = decoders
        self.mixture = mixture
    }

    /// A single teacher.
    public init(_ decoder: DecoderModel) { self.init([decoder], mixture: .one) }
}

extension Teachers {
    /// The activations of the first, for feature losses.
    func activations(for batch: TrainingBatch) -> Activations {
        withoutGradients { decoders[0].activations(batch.teacherTokens) }
    }

    /// The distributions at the batch's positions.
    ///
    /// - Parameter activations: the first teacher's, where it has been run already
    func signal(for batch: TrainingBatch, activations: Activations?) -> TeacherSignal {
        let members = decoders.enumerated().map { index, decoder in
            let run = index == 0 ? activations.map { gatherRows($0.final, at: batch.teacherPositions) } : nil
            return (
                hidden: run ?? decoder.frozenHiddenStates(batch.teacherTokens, at: batch.teacherPositions),
                head: decoder.head
            )
        }
        return .mixture(members, mixture)
    }
}
