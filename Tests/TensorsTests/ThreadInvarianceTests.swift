import Support
import TestSupport
import Testing

@testable import Tensors

/// The same bits with one thread and with two: work is cut into the same sums however many threads do it.
@Suite(.serialized, .enabled(if: hasTwoThreads)) struct ThreadInvarianceTests {
    private func expectSame(_ comment: String, _ body: () -> [[Float]]) {
        let (one, two) = (withThreads(1, body), withThreads(2, body))
        #expect(one.count == two.count)
        for (index, (a, b)) in zip(one, two).enumerated() {
            expectSameBits(b, a, "\(comment), part \(index)")
        }
    }

    /// Shapes above and below the size that is split, by rows and by columns, with ragged last panels.
    @Test(arguments: [
        (16, 16, 16), (1, 5_000, 2_000), (17, 3_001, 257), (1_000, 33, 513), (4_097, 64, 64),
        (64, 4_097, 65), (500, 500, 500), (33, 33, 8_000), (47, 2, 100_000), (300, 344, 128),
        (129, 4_000, 32), (2_048, 768, 96),
    ])
    func products(m: Int, n: Int, k: Int) {
        let (left, right) = (Fixture.normal(m * k, seed: 1), Fixture.normal(n * k, seed: 2))
        for (transposeA, transposeB) in [(false, false), (false, true), (true, false)] {
            let a = Tensor(shape: transposeA ? [k, m] : [m, k], values: left)
            let b = Tensor(shape: transposeB ? [n, k] : [k, n], values: right)
            expectSame("\(m)×\(n)×\(k), transposed \(transposeA), \(transposeB)") {
                let c = Tensor.zeros([m, n])
                MatrixProduct.multiply(
                    transposeA ? a.matrix.transposed : a.matrix,
                    transposeB ? b.matrix.transposed : b.matrix, into: c.matrix)
                return [c.values]
            }
        }
    }

    @Test func operations() {
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, dimension: 16)
        let (rows, width) = (301, 96)
        let segments = [0, 1, 200, 301]
        let positions = (0..<Int32(rows)).map { $0 }
        let table = RotaryTable(positions: rows, dimension: 16, theta: 10_000)
        let ids = Fixture.ids(rows, vocabulary: 50)
        expectSame("forward and backward") {
            let tensors = [
                [50, width], [width], [shape.fusedWidth, width], [width, 64], [2 * width, width],
            ]
            .enumerated().map { index, shape in
                Tensor.normal(
                    shape, deviation: 0.3,
                    from: RandomStream(seed: 1, purpose: "threads", index: UInt64(index))
                ).requiringGradient()
            }
            var values: [Float] = []
            let (loss, tape) = Tape.record {
                let x = embedding(ids, table: tensors[0])
                let qkv = rotaryEmbedding(
                    linear(rmsNorm(x, weight: tensors[1], epsilon: 1e-5), weight: tensors[2]),
                    positions: positions, heads: 6, table: table)
                let attended = causalAttention(qkv, segments: segments, shape: shape)
                let middle = linear(attended, weight: tensors[3], adding: x)
                let y = gatedUnit(linear(middle, weight: tensors[4]), .silu)
                values = y.values
                return projection(y, onto: Fixture.normal(y.count))
            }
            tape.backward(from: loss)
            return [values] + tensors.map { $0.gradient!.values }
        }
    }

    @Test func sums() {
        let tensor = Tensor(shape: [100_003], values: Fixture.normal(100_003))
        let (one, two) = (
            withThreads(1) { sumOfSquares([tensor]) }, withThreads(2) { sumOfSquares([tensor]) }
        )
        #expect(one == two)
    }
}
