import Tensors

/// Σ weights · output, a scalar on the tape: sends `weights` back as the gradient of `output`.
public func projection(_ output: Tensor, onto weights: [Float]) -> Tensor {
    precondition(weights.count == output.count, "one weight for each of \(output.count) values")
    let sum = zip(output.values, weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let loss = Tensor(shape: [], values: [Float(sum)])
    Tape.append(output: loss, inputs: [output]) { dloss in
        let factor = dloss.values[0]
        output.gradientSlot?.adopt(Tensor(shape: output.shape, values: weights.map { factor * $0 }))
    }
    return loss
}
