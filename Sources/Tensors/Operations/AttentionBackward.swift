// N positions, H query heads, K key-value heads, D head dimension, as in Attention.swift.

/// The backward pass for one segment.
struct AttentionBackward {
    let queryKeyValue: Tensor
    let output: Tensor
    let logSums: Tensor
    let doutput: Tensor
    let dqkv: Tensor
    let rows: Range<Int>
    let shape: AttentionShape
    let longest: Int

    /// All query heads of one key-value head in turn, since they add to the same key and value gradients.
    func run(keyValueHead: Int) {
        let (d, fused) = (shape.dimension, shape.fusedWidth)
        let keyOffset = shape.queryWidth + keyValueHead * d
        let valueOffset = keyOffset + shape.keyValueWidth
        // Probabilities, their gradients and, where they are capped, scores.
        let scratch = (0..<(shape.softCap == nil ? 2 : 3)).map { _ in
            Tensor(shape: [min(queryBlock, longest), longest])
        }
        let delta = Tensor(shape: [queryBlock])
        var isFirst = shape.window == nil
        for head in keyValueHead * shape.group..<(keyValueHead + 1) * shape.group {
            // From the last block to the first: the last one covers every key, so it can overwrite (beta 0).
            for start in stride(from: 0, to: rows.count, by: queryBlock).reversed() {
                let count = min(queryBlock, rows.count - start)
                let firstKey = shape.firstKey(visible: start + 1)
                let (visible, columns) = (start + 1 - firstKey, start + count - firstKey)
                let position = rows.lowerBound + start
                func view(_ tensor: Tensor, row: Int, offset: Int, rows: Int, stride: Int) -> MatrixView {
                    MatrixView(tensor.pointer + row * stride + offset, rows: rows, columns: d, stride: stride)
                }
                func segmentView(_ tensor: Tensor, offset: Int) -> MatrixView {
                    view(
                        tensor, row: rows.lowerBound + firstKey, offset: offset, rows: columns, stride: fused)
                }
                let queries = view(queryKeyValue, row: position, offset: head * d, rows: count, stride: fused)
                let dqueries = view(dqkv, row: position, offset: head * d, rows: count, stride: fused)
                let out = view(output, row: position, offset: head * d, rows: count, stride: shape.queryWidth)
                let dout = view(
                    doutput, row: position, offset: head * d, rows: count, stride: shape.queryWidth)
                let p = MatrixView(scratch[0].pointer, rows: count, columns: columns)
                let ds = MatrixView(scratch[1].pointer, rows: count, columns: columns)

                MatrixProduct.multiplySerially(
                    queries, segmentView(queryKeyValue, offset: keyOffset).transposed, into: p)
                if let cap = shape.softCap {
                    kernels.soft_cap(p.pointer, count * columns, shape.scale, cap)
                    scratch[2].pointer.update(from: p.pointer, count: count * columns)
                }
                kernels.causal_probabilities(
                    p.pointer, count, columns, columns, visible, shape.windowOrAll, shape.scaleAfterCap,
                    logSums.pointer + position * shape.heads + head, shape.heads)
                MatrixProduct.multiplySerially(
                    dout, segmentView(queryKeyValue, offset: valueOffset).transposed, into: ds)
                kernels.row_dots(
                    dout.pointer, out.pointer, delta.pointer, count, d, shape.queryWidth, shape.queryWidth)
                kernels.score_gradient(
                    p.pointer, ds.pointer, count, columns, columns, delta.pointer, shape.scale)

                if let cap = shape.softCap {
                    kernels.soft_cap_backward(scratch[2].pointer, ds.pointer, count * columns, cap)
                }
                let beta: Float = isFirst ? 0 : 1
                isFirst = false
                MatrixProduct.multiplySerially(
                    ds, segmentView(queryKeyValue, offset: keyOffset), into: dqueries)
                MatrixProduct.multiplySerially(
                    ds.transposed, queries, into: segmentView(dqkv, offset: keyOffset), beta: beta)
                MatrixProduct.multiplySerially(
                    p.transposed, dout, into: segmentView(dqkv, offset: valueOffset), beta: beta)
            }
        }
    }
}
