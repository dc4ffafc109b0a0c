import Foundation
import Tensors
import Transformer

/// The plainest training of a decoder: cross-entropy over all logits and AdamW on every weight, for tests of what lies
/// below the trainer.
public struct TrainingLoop {
    public let decoder: DecoderModel
    public var rate: Float = 1e-3
    public var decay: Float = 0.1
    private var moments: [(mean: Tensor, variance: Tensor)]
    public private(set) var step = 0

    public init(_ decoder: DecoderModel) {
        self.decoder = decoder
        decoder.requireGradients()
        moments = decoder.parameters.map { (Tensor.zeros($0.tensor.shape), Tensor.zeros($0.tensor.shape)) }
    }

    /// Adds the gradients of the mean cross-entropy over the batch.
    ///
    /// - Returns: the loss
    public func accumulate(_ batch: TokenBatch, targets: [Int32]) -> Float {
        let (loss, tape) = Tape.record {
            plainCrossEntropy(decoder.logits(decoder.hiddenStates(batch)), targets: targets)
        }
        tape.backward(from: loss)
        return loss.values[0]
    }

    /// One AdamW step on the gathered gradients, which are dropped.
    public mutating func update() {
        step += 1
        let corrections = [0.9, 0.95].map { Float(1 - pow($0, Double(step))) }
        for (index, (_, weight)) in decoder.parameters.enumerated() {
            guard let gradient = weight.gradient else { continue }
            weight.withUnsafeMutableFloats { weight in
                gradient.withUnsafeFloats { gradient in
                    moments[index].mean.withUnsafeMutableFloats { mean in
                        moments[index].variance.withUnsafeMutableFloats { variance in
                            kernels.adamw(
                                weight.baseAddress, gradient.baseAddress, mean.baseAddress,
                                variance.baseAddress, weight.count, rate, 0.9, 0.95, 1e-8, decay,
                                corrections[0], corrections[1], 1)
                        }
                    }
                }
            }
            weight.gradient = nil
        }
    }
}
