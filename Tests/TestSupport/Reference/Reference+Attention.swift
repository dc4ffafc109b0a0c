// N positions, H query heads, K key-value heads, D head dimension.

extension Reference {
    /// Causal attention within each segment; a row holds H·D query, K·D key and K·D value components.
    ///
    /// - Returns: [N, H·D]
    public static func attention(
        _ qkv: [Double], segments: [Int], heads: Int, keyValueHeads: Int, dimension: Int,
        scale: Double? = nil, softCap cap: Double? = nil, window: Int? = nil
    ) -> [Double] {
        let width = (heads + 2 * keyValueHeads) * dimension
        func part(_ row: Int, _ slot: Int) -> [Double] {
            let start = row * width + slot * dimension
            return Array(qkv[start..<start + dimension])
        }
        var output: [Double] = []
        for (start, end) in zip(segments, segments.dropFirst()) {
            for position in start..<end {
                for head in 0..<heads {
                    let shared = head / (heads / keyValueHeads)
                    let query = part(position, head)
                    let first = max(start, window.map { position + 1 - $0 } ?? start)
                    let scores = (first...position).map { other in
                        let score =
                            zip(query, part(other, heads + shared)).reduce(0) { $0 + $1.0 * $1.1 }
                            * (scale ?? 1 / Double(dimension).squareRoot())
                        return cap.map { softCap(score, at: $0) } ?? score
                    }
                    var mixed = [Double](repeating: 0, count: dimension)
                    for (offset, p) in softmax(scores).enumerated() {
                        let value = part(first + offset, heads + keyValueHeads + shared)
                        for d in 0..<dimension { mixed[d] += p * value[d] }
                    }
                    output += mixed
                }
            }
        }
        return output
    }
}
