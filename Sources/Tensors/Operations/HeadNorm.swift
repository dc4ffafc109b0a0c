import Support

// N positions, H query heads, K key-value heads, D head dimension.

/// RMSNorm of every query head and every key head of a row, before they are turned (Dehghani et al. 2023,
/// arXiv 2302.05442; with RMSNorm in Gemma 3). Values pass through.
///
/// - Parameters:
///   - queryKeyValue: [N, (H + 2K)·D]
///   - queryWeight: [D], shared by all query heads
///   - keyWeight: [D], shared by all key heads
/// - Returns: [N, (H + 2K)·D]
public func headNorm(
    _ queryKeyValue: Tensor, queryWeight: Tensor, keyWeight: Tensor, epsilon: Float, shape: AttentionShape
) -> Tensor {
    let (d, fused) = (shape.dimension, shape.fusedWidth)
    precondition(
        queryKeyValue.width == fused && queryWeight.shape == [d] && keyWeight.shape == [d],
        "a head norm over \(d) components takes rows of \(fused)")
    // Where a row's queries and keys begin, how many heads they have, and their weight.
    let parts = [
        (offset: 0, heads: shape.heads, weight: queryWeight),
        (offset: shape.queryWidth, heads: shape.keyValueHeads, weight: keyWeight),
    ]
    let valueOffset = shape.queryWidth + shape.keyValueWidth
    let (rows, normed) = (queryKeyValue.rows, shape.heads + shape.keyValueHeads)
    let y = Tensor(shape: queryKeyValue.shape)
    let inverse = Tensor(shape: [rows, normed])
    let grain = 64
    Parallel.forRanges(of: rows, grain: grain) { range in
        for row in range {
            let (source, target) = (queryKeyValue.pointer + row * fused, y.pointer + row * fused)
            for (index, part) in parts.enumerated() {
                kernels.rms_norm(
                    source + part.offset, part.weight.pointer, target + part.offset,
                    inverse.pointer + row * normed + index * shape.heads, part.heads, d, epsilon)
            }
            (target + valueOffset).update(from: source + valueOffset, count: shape.keyValueWidth)
        }
    }
    Tape.append(output: y, inputs: [queryKeyValue, queryWeight, keyWeight]) { dy in
        let dx = Tensor(shape: queryKeyValue.shape)
        let pieces = (rows + grain - 1) / grain
        // Of each piece: the gradient of the query weight, then of the key weight.
        let partial = Tensor.zeros([pieces, 2 * d])
        Parallel.forRanges(of: rows, grain: grain) { range in
            for row in range {
                let (x, dyRow, dxRow) = (
                    queryKeyValue.pointer + row * fused, dy.pointer + row * fused, dx.pointer + row * fused
                )
                for (index, part) in parts.enumerated() {
                    kernels.rms_norm_backward(
                        x + part.offset, part.weight.pointer,
                        inverse.pointer + row * normed + index * shape.heads, dyRow + part.offset,
                        dxRow + part.offset, 0, partial.pointer(row: range.lowerBound / grain) + index * d,
                        part.heads, d)
                }
                (dxRow + valueOffset).update(from: dyRow + valueOffset, count: shape.keyValueWidth)
            }
        }
        queryKeyValue.gradientSlot?.adopt(dx)
        for (index, part) in parts.enumerated() {
            part.weight.gradientSlot?.accumulate(shape: [d]) { dweight, beta in
                if beta == 0 { dweight.fill(0) }
                for piece in 0..<pieces {
                    kernels.add(partial.pointer(row: piece) + index * d, dweight.pointer, d)
                }
            }
        }
    }
    return y
}
