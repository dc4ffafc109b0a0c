import TestSupport
import Testing

@testable import Tensors

@Suite struct MatrixProductTests {
    struct Extents: Sendable, CustomStringConvertible {
        let m, n, k: Int
        var description: String { "\(m)×\(n)×\(k)" }
    }

    /// A matrix with a gap behind each row, possibly stored as its transpose.
    private func stored(_ rows: Int, _ columns: Int, transposed: Bool, seed: UInt64) -> (Tensor, MatrixView) {
        let (storedRows, storedColumns) = transposed ? (columns, rows) : (rows, columns)
        let stride = storedColumns + 3
        let tensor = Tensor(
            shape: [storedRows, stride], values: Fixture.normal(storedRows * stride, seed: seed))
        let view = MatrixView(tensor.pointer, rows: storedRows, columns: storedColumns, stride: stride)
        return (tensor, transposed ? view.transposed : view)
    }

    /// The matrix that a product sees, dense.
    private func dense(_ view: MatrixView) -> [Double] {
        (0..<view.seenRows).flatMap { row in
            (0..<view.seenColumns).map { column in
                let (r, c) = view.isTransposed ? (column, row) : (row, column)
                return Double(view.pointer[r * view.stride + c])
            }
        }
    }

    @Test(arguments: [
        Extents(m: 1, n: 1, k: 1), Extents(m: 1, n: 33, k: 7), Extents(m: 7, n: 1, k: 31),
        Extents(m: 5, n: 7, k: 0), Extents(m: 16, n: 16, k: 16), Extents(m: 31, n: 33, k: 64),
        Extents(m: 100, n: 17, k: 65), Extents(m: 300, n: 257, k: 129), Extents(m: 129, n: 700, k: 100),
    ])
    func productAgainstReference(size: Extents) {
        for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
            for (alpha, beta): (Float, Float) in [(1, 0), (1, 1), (-0.5, 0.25)] {
                let (keepA, a) = stored(size.m, size.k, transposed: transposeA, seed: 1)
                let (keepB, b) = stored(size.k, size.n, transposed: transposeB, seed: 2)
                let stride = size.n + 5
                // Beta 0 must not read what was there: buffers come from a pool, with anything in them.
                let before =
                    beta == 0
                    ? [Float](repeating: .nan, count: size.m * stride)
                    : Fixture.normal(size.m * stride, seed: 3)
                var expected = withExtendedLifetime((keepA, keepB)) {
                    Reference.product(dense(a), dense(b), rows: size.m, inner: size.k, columns: size.n)
                        .map { Double(alpha) * $0 }
                }
                if beta != 0 {
                    for i in expected.indices {
                        expected[i] += Double(beta) * Double(before[i / size.n * stride + i % size.n])
                    }
                }
                let run = { (threads: Int) -> [Float] in
                    guarded(before.count, initial: before) { pointer in
                        let c = MatrixView(pointer, rows: size.m, columns: size.n, stride: stride)
                        withExtendedLifetime((keepA, keepB)) {
                            withThreads(threads) {
                                MatrixProduct.multiply(a, b, into: c, alpha: alpha, beta: beta)
                            }
                        }
                    }
                }
                let (parallel, serial) = (run(2), run(1))
                let comment = "transposed \(transposeA), \(transposeB); alpha \(alpha), beta \(beta)"
                expectSameBits(parallel, serial, comment)
                for row in 0..<size.m {
                    let start = row * stride
                    // k products of size 1 make a sum of size sqrt(k), rounded at each addition.
                    expectClose(
                        Array(serial[start..<start + size.n]),
                        Array(expected[row * size.n..<(row + 1) * size.n]), relative: 1e-6,
                        absolute: 1e-6 + 3e-7 * Double(size.k), comment)
                    let gap = start + size.n..<start + stride
                    expectSameBits(Array(serial[gap]), Array(before[gap]), "\(comment), between rows")
                }
            }
        }
    }
}
