import Tensors

@testable import Training

extension FeatureValue {
    /// The loss as a scalar on the tape, for any seed.
    func scalar() -> Tensor {
        let output = Tensor(shape: [], values: [Float(loss)])
        Tape.append(output: output, inputs: gradients.map(\.tensor)) { seed in
            for (tensor, gradient) in gradients {
                kernels.scale(gradient.pointer, seed.values[0], gradient.count)
                tensor.gradientSlot?.adopt(gradient)
            }
        }
        return output
    }
}
