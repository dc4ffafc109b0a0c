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
        // Probabilities, their gradients and, where they are capped, scores.
        let scratch = (0..<(shape.softCap == nil ? 2 : 3)).map { _ in
            Tensor(shape: [min(queryBlock, longest), min(keyBlock, longest)])
        }
        let delta = Tensor(shape: [queryBlock])
        var isFirst = shape.window == nil
        for head in keyValueHead * shape.group..<(keyValueHead + 1) * shape.group {
            // From the last block to the first: the last one covers every key, so it can overwrite (beta 0).
            for start in stride(from: 0, to: rows.count, by: queryBlock).reversed() {
                let queries = start..<min(start + queryBlock, rows.count)
                let position = rows.lowerBound + start
                kernels.row_dots(
                    doutput.pointer + position * shape.queryWidth + head * shape.dimension,
                    output.pointer + position * shape.queryWidth + head * shape.dimension,
                    delta.pointer, queries.count, shape.dimension, shape.queryWidth, shape.queryWidth)
                let seen = shape.firstKey(visible: start + 1)..<queries.upperBound
                for keys in Self.blocks(of: seen) {
                    add(
                        head: head, queries: queries, keys: keys, delta: delta, scratch: scratch,
                        queryBeta: keys.lowerBound == seen.lowerBound ? 0 : 1, keyBeta: isFirst ? 0 : 1)
                }
                isFirst = false
            }
        }
    }

    /// Splits keys into blocks, starting from the end: the last block holds all keys that only some queries attend to.
    private static func blocks(of keys: Range<Int>) -> [Range<Int>] {
        let first = keys.count % keyBlock
        let starts =
            [keys.lowerBound] + stride(from: keys.lowerBound + first, to: keys.upperBound, by: keyBlock)
        return zip(starts, starts.dropFirst() + [keys.upperBound]).map { $0..<$1 }.filter { !$0.isEmpty }
    }

    /// Adds what a block of queries that look at a block of keys gives to the gradients of both and of the values.
    ///
    /// - Parameters:
    ///   - queries, keys: positions in the segment
    ///   - delta: Σ doutput · output of each query
    private func add(
        head: Int, queries: Range<Int>, keys: Range<Int>, delta: Tensor, scratch: [Tensor],
        queryBeta: Float, keyBeta: Float
    ) {
        let d = shape.dimension
        let queryOffset = head * d
        let keyOffset = shape.queryWidth + head / shape.group * d
        let valueOffset = keyOffset + shape.keyValueWidth
        let position = rows.lowerBound + queries.lowerBound
        func view(_ tensor: Tensor, _ positions: Range<Int>, offset: Int) -> MatrixView {
            let row = rows.lowerBound + positions.lowerBound
            return MatrixView(
                tensor.pointer + row * tensor.width + offset, rows: positions.count, columns: d,
                stride: tensor.width)
        }
        let query = view(queryKeyValue, queries, offset: queryOffset)
        let key = view(queryKeyValue, keys, offset: keyOffset)
        let dout = view(doutput, queries, offset: queryOffset)
        let (count, columns) = (queries.count, keys.count)
        let visible = queries.lowerBound + 1 - keys.lowerBound
        let p = MatrixView(scratch[0].pointer, rows: count, columns: columns)
        let ds = MatrixView(scratch[1].pointer, rows: count, columns: columns)

        MatrixProduct.multiplySerially(query, key.transposed, into: p)
        if let cap = shape.softCap {
            kernels.soft_cap(p.pointer, count * columns, shape.scale, cap)
            scratch[2].pointer.update(from: p.pointer, count: count * columns)
        }
        kernels.causal_probabilities(
            p.pointer, count, columns, columns, visible, shape.windowOrAll, shape.scaleAfterCap,
            logSums.pointer + position * shape.heads + head, shape.heads)
        MatrixProduct.multiplySerially(
            dout, view(queryKeyValue, keys, offset: valueOffset).transposed, into: ds)
        kernels.score_gradient(p.pointer, ds.pointer, count, columns, columns, delta.pointer, shape.scale)
        if let cap = shape.softCap {
            kernels.soft_cap_backward(scratch[2].pointer, ds.pointer, count * columns, cap)
        }
        MatrixProduct.multiplySerially(
            ds, key, into: view(dqkv, queries, offset: queryOffset), beta: queryBeta)
        MatrixProduct.multiplySerially(
            ds.transposed, query, into: view(dqkv, keys, offset: keyOffset), beta: keyBeta)
        MatrixProduct.multiplySerially(
            p.transposed, dout, into: view(dqkv, keys, offset: valueOffset), beta: keyBeta)
    }
}
