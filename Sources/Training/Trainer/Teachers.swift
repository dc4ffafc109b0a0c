import Signals
import Tensors
import Transformer

/// The models that teach while a student trains.
public struct Teachers {
    public let decoders: [DecoderModel]
    public let mixture: TeacherMixture

    /// - Parameters:
    ///   - decoders: with one vocabulary; feature losses look at the first
    ///   - mixture: has a weight for each
    public init(_ decoders: [DecoderModel], mixture: TeacherMixture) {
        precondition(decoders.count == mixture.weights.count, "one weight for each teacher")
        self.decoders = decoders
        self.mixture = mixture
    }

    public init(_ decoder: DecoderModel) { self.init([decoder], mixture: .one) }
}

extension Teachers {
    /// What lies inside the first, for losses that look there.
    func activations(for batch: TrainingBatch) -> Activations {
        withoutGradients { decoders[0].activations(batch.teacherTokens) }
    }

    /// What they say at the batch's positions.
    ///
    /// - Parameter inside: the first one's activations, where it has been run already
    func signal(for batch: TrainingBatch, inside: Activations?) -> TeacherSignal {
        let members = decoders.enumerated().map { index, decoder in
            let run = index == 0 ? inside.map { gatherRows($0.final, at: batch.teacherPositions) } : nil
            return (
                hidden: run ?? decoder.frozenHiddenStates(batch.teacherTokens, at: batch.teacherPositions),
                head: decoder.head
            )
        }
        return .mixture(members, mixture)
    }
}
