import Support

// N rows, C channels.

/// Root-mean-square normalization (Zhang & Sennrich 2019, arXiv 1910.07467):
/// y = x / sqrt(mean(x²) + epsilon) · weight (+ residual), row by row.
///
/// - Parameters:
///   - x: [N, C]
///   - weight: [C]
///   - residual: [N, C], added to the normalized rows; the skip connection of a block that norms its parts' outputs
/// - Returns: [N, C]
public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, adding residual: Tensor? = nil) -> Tensor {
    let width = x.width
    precondition(weight.shape == [width], "a norm over \(width) channels has a weight of that many")
    let inverse = Tensor(shape: [x.rows])
    let grain = 64
    func normalized() -> Tensor {
        let y = Tensor(shape: x.shape)
        Parallel.forRanges(of: x.rows, grain: grain) { rows in
            let start = rows.lowerBound
            kernels.rms_norm(
                x.pointer + start * width, weight.pointer, y.pointer + start * width, inverse.pointer + start,
                rows.count, width, epsilon)
        }
        return y
    }
    let y = normalized()
    if let residual {
        addInPlace(residual, to: y)
    } else if Tape.records(x, weight) {
        y.recomputation = normalized
    }
    Tape.append(output: y, inputs: [x, weight] + (residual.map { [$0] } ?? [])) { dy in
        let pieces = (x.rows + grain - 1) / grain
        let partial = Tensor.zeros([pieces, width])
        let slot = x.gradientSlot ?? GradientSlot()
        slot.accumulate(shape: x.shape) { dx, beta in
            Parallel.forRanges(of: x.rows, grain: grain) { rows in
                let start = rows.lowerBound
                kernels.rms_norm_backward(
                    x.pointer + start * width, weight.pointer, inverse.pointer + start,
                    dy.pointer + start * width,
                    dx.pointer + start * width, beta == 0 ? 0 : 1, partial.pointer + start / grain * width,
                    rows.count,
                    width)
            }
        }
        weight.gradientSlot?.accumulate(shape: weight.shape) { dweight, beta in
            if beta == 0 { dweight.fill(0) }
            for piece in 0..<pieces { kernels.add(partial.pointer + piece * width, dweight.pointer, width) }
        }
        // Last, because the residual takes dy's buffer over.
        residual?.gradientSlot?.adopt(dy)
    }
    return y
}
