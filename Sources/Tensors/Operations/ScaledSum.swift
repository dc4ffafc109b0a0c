import Support

/// factor · x (+ residual), element by element.
///
/// The result is formed in the buffer of `x`, which must not be read again: no operation that makes `x` needs its output
/// for its backward pass.
///
/// - Parameters:
///   - x: [N, C]
///   - residual: [N, C], added to the scaled rows
/// - Returns: [N, C], the same buffer as `x`
public func scaledSum(_ x: Tensor, by factor: Float, adding residual: Tensor? = nil) -> Tensor {
    precondition(residual.map { $0.shape == x.shape } ?? true, "a residual of the shape \(x.shape)")
    func scale(_ buffer: Tensor) {
        guard factor != 1 else { return }
        Parallel.forRanges(of: buffer.count, grain: elementwiseGrain) { range in
            kernels.scale(buffer.pointer + range.lowerBound, factor, range.count)
        }
    }
    scale(x)
    if let residual { addInPlace(residual, to: x) }
    let y = Tensor(shape: x.shape, sharing: x)
    Tape.append(output: y, inputs: [x] + (residual.map { [$0] } ?? [])) { dy in
        // A buffer is given up to one gradient only.
        if let slot = residual?.gradientSlot { slot.adopt(dy.copy()) }
        scale(dy)
        x.gradientSlot?.adopt(dy)
    }
    return y
}
