import Support

// N positions, H query heads, K key-value heads, D head dimension.

/// RMSNorm of the queries and of the keys of a row, before they are turned: of every head by itself (Dehghani et al. 2023,
/// arXiv 2302.05442; with RMSNorm in Gemma 3), or of all heads together (OLMo 2, arXiv 2501.00656). Values pass through.
///
/// - Parameters:
///   - queryKeyValue: [N, (H + 2K)·D]
///   - queryWeight: [D], shared by all query heads, or [H·D]: as many components are normed together
///   - keyWeight: [D], shared by all key heads, or [K·D]
/// - Returns: [N, (H + 2K)·D]
public func headNorm(
    _ queryKeyValue: Tensor, queryWeight: Tensor, keyWeight: Tensor, epsilon: Float, shape: AttentionShape
) -> Tensor {
    let fused = shape.fusedWidth
    let (queryHeads, keyHeads) = (
        shape.queryWidth / queryWeight.count, shape.keyValueWidth / keyWeight.count
    )
    precondition(
        queryKeyValue.width == fused
            && [[shape.dimension], [shape.queryWidth]].contains(queryWeight.shape)
            && [[shape.dimension], [shape.keyValueWidth]].contains(keyWeight.shape),
        "norms of \(queryWeight.shape) and \(keyWeight.shape) components of rows of \(fused)")
    // Where a row's queries and keys begin, how many pieces are normed, where the pieces' norms and the weights' gradients are
    // kept, and the weights.
    let parts = [
        (offset: 0, heads: queryHeads, first: 0, place: 0, weight: queryWeight),
        (
            offset: shape.queryWidth, heads: keyHeads, first: queryHeads, place: queryWeight.count,
            weight: keyWeight
        ),
    ]
    let valueOffset = shape.queryWidth + shape.keyValueWidth
    let (rows, normed) = (queryKeyValue.rows, queryHeads + keyHeads)
    let y = Tensor(shape: queryKeyValue.shape)
    let inverse = Tensor(shape: [rows, normed])
    let grain = 64
    Parallel.forRanges(of: rows, grain: grain) { range in
        for row in range {
            let (source, target) = (queryKeyValue.pointer + row * fused, y.pointer + row * fused)
            for part in parts {
                kernels.rms_norm(
                    source + part.offset, part.weight.pointer, target + part.offset,
                    inverse.pointer + row * normed + part.first, part.heads, part.weight.count, epsilon)
            }
            (target + valueOffset).update(from: source + valueOffset, count: shape.keyValueWidth)
        }
    }
    Tape.append(output: y, inputs: [queryKeyValue, queryWeight, keyWeight]) { dy in
        let dx = Tensor(shape: queryKeyValue.shape)
        let pieces = (rows + grain - 1) / grain
        // Of each piece: the gradient of the query weight, then of the key weight.
        let partial = Tensor.zeros([pieces, queryWeight.count + keyWeight.count])
        Parallel.forRanges(of: rows, grain: grain) { range in
            for row in range {
                let (x, dyRow, dxRow) = (
                    queryKeyValue.pointer + row * fused, dy.pointer + row * fused, dx.pointer + row * fused
                )
                for part in parts {
                    kernels.rms_norm_backward(
                        x + part.offset, part.weight.pointer,
                        inverse.pointer + row * normed + part.first, dyRow + part.offset,
                        dxRow + part.offset, 0, partial.pointer(row: range.lowerBound / grain) + part.place,
                        part.heads, part.weight.count)
                }
                (dxRow + valueOffset).update(from: dyRow + valueOffset, count: shape.keyValueWidth)
            }
        }
        queryKeyValue.gradientSlot?.adopt(dx)
        for part in parts {
            part.weight.gradientSlot?.accumulate(shape: part.weight.shape) { dweight, beta in
                if beta == 0 { dweight.fill(0) }
                for piece in 0..<pieces {
                    kernels.add(partial.pointer(row: piece) + part.place, dweight.pointer, part.weight.count)
                }
            }
        }
    }
    return y
}
