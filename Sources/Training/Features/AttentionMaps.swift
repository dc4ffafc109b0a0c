import Tensors

// T tokens of a sequence, H heads.

extension FeatureKind {
    /// Attention transfer (arXiv 1612.03928): ‖A_s/‖A_s‖ − A_t/‖A_t‖‖², A a sequence's [T, T] attention averaged over heads:
    /// softmax(QKᵀ · scale) over all preceding tokens, without a model's window or soft cap.
    static let attentionTransfer = FeatureKind(
        name: "attention_transfer",
        summary: "Squared difference of attention maps, averaged over heads and normalized.",
        usualLayers: .all, comparesTokens: true
    ) { pair in
        pair.compareSequences { sequence, gradient in pair.compareAttention(sequence, gradient: gradient) }
    }
}

extension FeaturePair {
    fileprivate func compareAttention(_ sequence: Int, gradient: Tensor) -> Double {
        let length = student.segments[sequence + 1] - student.segments[sequence]
        let heads = student.attention(sequence)
        let maps = Tensor(shape: [heads.count, length * length])
        for (head, map) in heads.enumerated() { map.write(to: maps.pointer(row: head)) }
        let mean = average(maps)
        let target = Tensor.zeros([length * length])
        let scratch = Tensor(shape: [length * length])
        for map in teacher.attention(sequence) {
            map.write(to: scratch.pointer)
            kernels.add(scratch.pointer, target.pointer, target.count)
        }
        // The first token attends only to itself, so no map is zero.
        let lengths = [mean, target].map { Float(sumOfSquares([$0]).squareRoot()) }
        kernels.scale(target.pointer, 1 / lengths[1], target.count)
        kernels.scale(mean.pointer, 1 / lengths[0], mean.count)
        var (sum, along) = (0.0, 0.0)
        for i in 0..<mean.count {
            let difference = mean.pointer[i] - target.pointer[i]
            sum += Double(difference * difference)
            along += Double(difference * mean.pointer[i])
        }
        // Through the norm: (g − (g · â) â) / ‖A‖ with g = 2 (â − t̂), divided by the number of heads.
        let factor = 2 / (lengths[0] * Float(heads.count))
        for i in 0..<mean.count {
            scratch.pointer[i] =
                factor * (mean.pointer[i] - target.pointer[i] - Float(along) * mean.pointer[i])
        }
        backward(sequence, heads, maps: maps, dmap: scratch, gradient: gradient)
        return sum
    }

    private func average(_ maps: Tensor) -> Tensor {
        let mean = Tensor.zeros([maps.width])
        for head in 0..<maps.rows {
            kernels.add_scaled(maps.pointer(row: head), 1 / Float(maps.rows), mean.pointer, maps.width)
        }
        return mean
    }

    /// Computes the gradients of queries and keys from that of every head's map.
    private func backward(
        _ sequence: Int, _ heads: [CausalMap], maps: Tensor, dmap: Tensor, gradient: Tensor
    ) {
        let length = heads[0].x.rows
        let (delta, dscores) = (Tensor(shape: [length]), Tensor(shape: [length, length]))
        for (head, map) in heads.enumerated() {
            let p = maps.pointer(row: head)
            dscores.pointer.update(from: dmap.pointer, count: dmap.count)
            kernels.row_dots(p, dmap.pointer, delta.pointer, length, length, length, length)
            // A scale of 1: the map's `backward` multiplies by the scale of its scores.
            kernels.score_gradient(p, dscores.pointer, length, length, length, delta.pointer, 1)
            let (queries, keys) = student.attentionColumns(head)
            map.backward(
                dscores: dscores.pointer, dx: student.block(sequence, columns: queries, of: gradient),
                dy: student.block(sequence, columns: keys, of: gradient))
        }
    }
}

extension FeatureView {
    fileprivate func attentionColumns(_ head: Int) -> (queries: Range<Int>, keys: Range<Int>) {
        let d = shape.dimension
        let key = shape.queryWidth + head / shape.group * d
        return (head * d..<(head + 1) * d, key..<key + d)
    }

    /// The attention of every head over a sequence.
    fileprivate func attention(_ sequence: Int) -> [CausalMap] {
        (0..<shape.heads).map { head in
            let columns = attentionColumns(head)
            return CausalMap(
                x: block(sequence, columns: columns.queries), y: block(sequence, columns: columns.keys),
                scale: shape.scale)
        }
    }
}
