// N positions of all segments together, H query heads, K key-value heads (each serves H/K query heads), D head
// dimension. A row of `queryKeyValue` holds H·D query, K·D key and K·D value components.

/// Extents of grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245).
public struct AttentionShape: Equatable, Sendable {
    public let heads: Int
    public let keyValueHeads: Int
    public let dimension: Int

    public init(heads: Int, keyValueHeads: Int, dimension: Int) {
        precondition(
            heads % keyValueHeads == 0, "\(heads) heads cannot share \(keyValueHeads) key-value heads evenly")
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.dimension = dimension
    }

    public var group: Int { heads / keyValueHeads }
    public var queryWidth: Int { heads * dimension }
    public var keyValueWidth: Int { keyValueHeads * dimension }
    /// Width of a row that holds queries, keys and values.
    public var fusedWidth: Int { queryWidth + 2 * keyValueWidth }
    var scale: Float { 1 / Float(dimension).squareRoot() }
}

/// Queries that look at the keys and values of one sequence. Query i, counted from the last, sees every key but
/// the last i: in training both counts are equal; with a cache the queries are the newest positions.
struct AttentionSpan {
    var queries: UnsafeMutablePointer<Float>
    var queryStride: Int
    var queryCount: Int
    var keys: UnsafeMutablePointer<Float>
    var values: UnsafeMutablePointer<Float>
    var keyStride: Int
    var keyCount: Int
    var output: UnsafeMutablePointer<Float>
}

/// Query rows whose scores are held at once: with 64 components a block against 512 keys fits a core's L2 cache.
private let queryBlock = 128

/// Causal attention within each segment of a packed batch.
///
/// Scores exist for `queryBlock` rows of one head at a time; the backward pass computes them again from the stored
/// logarithms of the softmax's sums (Dao et al. 2022, arXiv 2205.14135). Memory is linear in N.
///
/// - Parameters:
///   - queryKeyValue: [N, (H + 2K)·D]
///   - segments: bounds of the segments, from 0 to N
/// - Returns: [N, H·D]
public func causalAttention(_ queryKeyValue: Tensor, segments: [Int], shape: AttentionShape) -> Tensor {
    precondition(
        queryKeyValue.width == shape.fusedWidth && segments.first == 0 && segments.last == queryKeyValue.rows,
        "segments must cover the \(queryKeyValue.rows) rows of queries, keys and values")
    let output = Tensor(shape: [queryKeyValue.rows, shape.queryWidth])
    let logSums = Tensor(shape: [queryKeyValue.rows, shape.heads])
    let count = segments.count - 1
    let longest = zip(segments, segments.dropFirst()).map { $1 - $0 }.max() ?? 0

    Parallel.forEach(count: count * shape.heads) { task in
        let (segment, head) = (task / shape.heads, task % shape.heads)
        let start = segments[segment]
        let span = trainingSpan(queryKeyValue, output, rows: start..<segments[segment + 1], shape: shape)
        attendHead(
            span, head: head, shape: shape, logSums: logSums.pointer + start * shape.heads + head,
            logStride: shape.heads)
    }

    Tape.append(output: output, inputs: [queryKeyValue]) { doutput in
        let dqkv = Tensor(shape: queryKeyValue.shape)
        Parallel.forEach(count: count * shape.keyValueHeads) { task in
            let (segment, keyValueHead) = (task / shape.keyValueHeads, task % shape.keyValueHeads)
            let backward = AttentionBackward(
                queryKeyValue: queryKeyValue, output: output, logSums: logSums, doutput: doutput, dqkv: dqkv,
                rows: segments[segment]..<segments[segment + 1], shape: shape, longest: longest)
            backward.run(keyValueHead: keyValueHead)
        }
        queryKeyValue.gradientSlot?.adopt(dqkv)
    }
    return output
}

private func trainingSpan(_ qkv: Tensor, _ output: Tensor, rows: Range<Int>, shape: AttentionShape)
    -> AttentionSpan
{
    let base = qkv.pointer + rows.lowerBound * shape.fusedWidth
    let keys = base + shape.queryWidth
    return AttentionSpan(
        queries: base, queryStride: shape.fusedWidth, queryCount: rows.count, keys: keys,
        values: keys + shape.keyValueWidth, keyStride: shape.fusedWidth, keyCount: rows.count,
        output: output.pointer + rows.lowerBound * shape.queryWidth)
}

/// One query head over one span: the forward pass of training, prefill and prefix reuse alike.
func attendHead(
    _ span: AttentionSpan, head: Int, shape: AttentionShape, logSums: UnsafeMutablePointer<Float>,
    logStride: Int
) {
    let (d, scale) = (shape.dimension, shape.scale)
    let kv = head / shape.group * d
    let scores = Tensor(shape: [min(queryBlock, span.queryCount), span.keyCount])
    for start in stride(from: 0, to: span.queryCount, by: queryBlock) {
        let rows = min(queryBlock, span.queryCount - start)
        // Keys that the block's first and last query see.
        let visible = span.keyCount - span.queryCount + start + 1
        let columns = visible + rows - 1
        let queries = MatrixView(
            span.queries + start * span.queryStride + head * d, rows: rows, columns: d,
            stride: span.queryStride)
        let keys = MatrixView(span.keys + kv, rows: columns, columns: d, stride: span.keyStride)
        let values = MatrixView(span.values + kv, rows: columns, columns: d, stride: span.keyStride)
        let block = MatrixView(scores.pointer, rows: rows, columns: columns)
        MatrixProduct.multiplySerially(queries, keys.transposed, into: block)
        kernels.causal_softmax(
            scores.pointer, rows, columns, columns, visible, scale, logSums + start * logStride, logStride)
        let output = MatrixView(
            span.output + start * shape.queryWidth + head * d, rows: rows, columns: d,
            stride: shape.queryWidth)
        MatrixProduct.multiplySerially(block, values, into: output)
    }
}

/// The backward pass for one segment.
private struct AttentionBackward {
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
        let scratch = (0..<2).map { _ in Tensor(shape: [min(queryBlock, longest), longest]) }
        let delta = Tensor(shape: [queryBlock])
        var first = true
        for head in keyValueHead * shape.group..<(keyValueHead + 1) * shape.group {
            // From the last block to the first: the last one covers every key, so it can overwrite (beta 0).
            for start in stride(from: 0, to: rows.count, by: queryBlock).reversed() {
                let count = min(queryBlock, rows.count - start)
                let columns = start + count
                let position = rows.lowerBound + start
                func view(_ tensor: Tensor, row: Int, offset: Int, rows: Int, stride: Int) -> MatrixView {
                    MatrixView(tensor.pointer + row * stride + offset, rows: rows, columns: d, stride: stride)
                }
                func segmentView(_ tensor: Tensor, offset: Int) -> MatrixView {
                    view(tensor, row: rows.lowerBound, offset: offset, rows: columns, stride: fused)
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
                kernels.causal_probabilities(
                    p.pointer, count, columns, columns, start + 1, shape.scale,
                    logSums.pointer + position * shape.heads + head, shape.heads)
                MatrixProduct.multiplySerially(
                    dout, segmentView(queryKeyValue, offset: valueOffset).transposed, into: ds)
                kernels.row_dots(
                    dout.pointer, out.pointer, delta.pointer, count, d, shape.queryWidth, shape.queryWidth)
                kernels.score_gradient(
                    p.pointer, ds.pointer, count, columns, columns, delta.pointer, shape.scale)

                let beta: Float = first ? 0 : 1
                first = false
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
