// N rows, I input width, O output width.

extension Reference {
    /// a [N, I] · b [I, O].
    public static func product(_ a: [Double], _ b: [Double], rows: Int, inner: Int, columns: Int) -> [Double]
    {
        var y = [Double](repeating: 0, count: rows * columns)
        for n in 0..<rows {
            for o in 0..<columns {
                for i in 0..<inner { y[n * columns + o] += a[n * inner + i] * b[i * columns + o] }
            }
        }
        return y
    }

    public static func transpose(_ a: [Double], rows: Int, columns: Int) -> [Double] {
        (0..<columns).flatMap { column in (0..<rows).map { row in a[row * columns + column] } }
    }

    /// x [N, I] · weightᵀ, weight [O, I], plus the residual [N, O].
    public static func linear(_ x: [Double], weight: [Double], inputs: Int, adding residual: [Double]? = nil)
        -> [Double]
    {
        let (rows, outputs) = (x.count / inputs, weight.count / inputs)
        let y = product(
            x, transpose(weight, rows: outputs, columns: inputs), rows: rows, inner: inputs, columns: outputs)
        return residual.map { zip(y, $0).map(+) } ?? y
    }

    /// Rows of a table or a matrix, in the order of the indices.
    public static func gatherRows(_ table: [Double], at indices: [Int], width: Int) -> [Double] {
        indices.flatMap { table.row($0, width: width) }
    }
}
