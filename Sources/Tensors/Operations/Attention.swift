import Support

// N positions of all segments together, H query heads, K key-value heads (each serves H/K query heads), D head
// dimension. A row of `queryKeyValue` holds H·D query, K·D key and K·D value components.

/// Grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245): its extents, what a query sees and how scores are
/// scaled.
public struct AttentionShape: Equatable, Sendable {
    /// Query heads, H.
    public let heads: Int
    /// Key-value heads, K.
    public let keyValueHeads: Int
    /// Components of a head, D.
    public let dimension: Int
    /// Factor of the scores.
    public let scale: Float
    /// Scaled scores s become softCap · tanh(s / softCap) (Gemma 2, arXiv 2408.00118); nil leaves them as they are.
    public let softCap: Float?
    /// Keys that a query sees, its own among them (Beltagy et al. 2020, arXiv 2004.05150); nil for all before it.
    public let window: Int?

    /// - Parameter scale: 1 / √dimension when nil
    public init(
        heads: Int, keyValueHeads: Int, dimension: Int, scale: Float? = nil, softCap: Float? = nil,
        window: Int? = nil
    ) {
        precondition(
            heads % keyValueHeads == 0, "\(heads) heads cannot share \(keyValueHeads) key-value heads evenly")
        precondition(window ?? 1 > 0, "a window holds at least the query's own position")
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.dimension = dimension
        self.scale = scale ?? 1 / Float(dimension).squareRoot()
        self.softCap = softCap
        self.window = window
    }

    /// Query heads that share a key-value head.
    public var group: Int { heads / keyValueHeads }
    /// Components of a row of queries, H·D.
    public var queryWidth: Int { heads * dimension }
    /// Components of a row of keys or of values, K·D.
    public var keyValueWidth: Int { keyValueHeads * dimension }
    /// Of queries, and of keys and values.
    public var widths: [Int] { [queryWidth, keyValueWidth] }
    /// Width of a row that holds queries, keys and values.
    public var fusedWidth: Int { queryWidth + 2 * keyValueWidth }
    /// The first of `visible` keys that the window leaves.
    func firstKey(visible: Int) -> Int { window.map { max(0, visible - $0) } ?? 0 }
    /// The window as kernels take it.
    var windowOrAll: Int { window ?? Int.max }
    /// What is left to multiply scores by once they are capped.
    var scaleAfterCap: Float { softCap == nil ? scale : 1 }
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
let queryBlock = 128
/// Keys whose scores a block of queries holds at once in the backward pass: two blocks of scores fit the cache.
let keyBlock = 512

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
        // With a window no block sees every key, so the gradients of keys and values gather from 0.
        let dqkv =
            shape.window == nil ? Tensor(shape: queryKeyValue.shape) : .zeros(queryKeyValue.shape)
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
    let d = shape.dimension
    let kv = head / shape.group * d
    let scores = Tensor(shape: [min(queryBlock, span.queryCount), span.keyCount])
    for start in stride(from: 0, to: span.queryCount, by: queryBlock) {
        let rows = min(queryBlock, span.queryCount - start)
        // Keys up to the block's first query and up to its last; those before `first` no query of it sees.
        let end = span.keyCount - span.queryCount + start + 1
        let first = shape.firstKey(visible: end)
        let (visible, columns) = (end - first, end - first + rows - 1)
        let queries = MatrixView(
            span.queries + start * span.queryStride + head * d, rows: rows, columns: d,
            stride: span.queryStride)
        let offset = kv + first * span.keyStride
        let keys = MatrixView(span.keys + offset, rows: columns, columns: d, stride: span.keyStride)
        let values = MatrixView(span.values + offset, rows: columns, columns: d, stride: span.keyStride)
        let block = MatrixView(scores.pointer, rows: rows, columns: columns)
        MatrixProduct.multiplySerially(queries, keys.transposed, into: block)
        if let cap = shape.softCap { kernels.soft_cap(scores.pointer, rows * columns, shape.scale, cap) }
        kernels.causal_softmax(
            scores.pointer, rows, columns, columns, visible, shape.windowOrAll, shape.scaleAfterCap,
            logSums + start * logStride, logStride)
        let output = MatrixView(
            span.output + start * shape.queryWidth + head * d, rows: rows, columns: d,
            stride: shape.queryWidth)
        MatrixProduct.multiplySerially(block, values, into: output)
    }
}
