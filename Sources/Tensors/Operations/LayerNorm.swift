import Support

// N rows, C channels.

/// Layer normalization (Ba et al. 2016, arXiv 1607.06450):
/// y = (x − mean(x)) / sqrt(variance(x) + epsilon) · weight + bias, row by row.
///
/// - Parameters:
///   - x: [N, C]
///   - weight: [C]
///   - bias: [C]
/// - Returns: [N, C]
public func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    precondition(
        weight.shape == [width] && bias.shape == [width],
        "a norm over \(width) channels has a weight and a bias of that many")
    let (mean, inverse) = (Tensor(shape: [rows]), Tensor(shape: [rows]))
    // Rows whose gradients are summed together: the sum's order does not depend on the number of threads.
    let grain = 64
    func normalized() -> Tensor {
        let y = Tensor(shape: x.shape)
        Parallel.forRanges(of: rows, grain: grain) { rows in
            let start = rows.lowerBound
            kernels.layer_norm(
                x.pointer + start * width, weight.pointer, bias.pointer, y.pointer + start * width,
                mean.pointer + start, inverse.pointer + start, rows.count, width, epsilon)
        }
        return y
    }
    let y = normalized()
    if Tape.records(x, weight, bias) { y.recomputation = normalized }
    Tape.append(output: y, inputs: [x, weight, bias]) { dy in
        // Of each piece: the gradient of the weight, then of the bias.
        let partial = Tensor.zeros([(rows + grain - 1) / grain, 2 * width])
        let slot = x.gradientSlot ?? GradientSlot()
        slot.accumulate(shape: x.shape) { dx, beta in
            Parallel.forRanges(of: rows, grain: grain) { rows in
                let start = rows.lowerBound
                let sums = partial.pointer(row: start / grain)
                kernels.layer_norm_backward(
                    x.pointer + start * width, weight.pointer, mean.pointer + start, inverse.pointer + start,
                    dy.pointer + start * width, dx.pointer + start * width, beta == 0 ? 0 : 1, sums,
                    sums + width, rows.count, width)
            }
        }
        for (index, vector) in [weight, bias].enumerated() {
            vector.gradientSlot?.accumulate(shape: [width]) { gradient, beta in
                if beta == 0 { gradient.fill(0) }
                for piece in 0..<partial.rows {
                    kernels.add(partial.pointer(row: piece) + index * width, gradient.pointer, width)
                }
            }
        }
    }
    return y
}
