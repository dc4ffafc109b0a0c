import TestSupport
import Tensors
import Testing

@Suite struct AttentionTests {
    static let shapes = [
        AttentionShape(heads: 1, keyValueHeads: 1, dimension: 3),
        AttentionShape(heads: 4, keyValueHeads: 4, dimension: 4),
        AttentionShape(heads: 4, keyValueHeads: 2, dimension: 6),
        AttentionShape(heads: 4, keyValueHeads: 1, dimension: 2),
        AttentionShape(heads: 2, keyValueHeads: 1, dimension: 4, scale: 0.3, window: 2),
        AttentionShape(heads: 2, keyValueHeads: 2, dimension: 4, softCap: 1.5),
        AttentionShape(heads: 4, keyValueHeads: 2, dimension: 2, scale: 2, softCap: 2, window: 3),
    ]

    private func reference(_ qkv: [Double], _ segments: [Int], _ shape: AttentionShape) -> [Double] {
        Reference.attention(
            qkv, segments: segments, heads: shape.heads, keyValueHeads: shape.keyValueHeads,
            dimension: shape.dimension, scale: Double(shape.scale), softCap: shape.softCap.map(Double.init),
            window: shape.window)
    }

    /// Segments of one position among others; groups of 1, 2 and 4.
    @Test(arguments: shapes, [[0, 1], [0, 5], [0, 1, 4, 5, 9]])
    func gradient(shape: AttentionShape, segments: [Int]) {
        expectGradient(
            shapes: [[segments.last!, shape.fusedWidth]], scales: [0.1, 1, 3],
            operation: { causalAttention($0[0], segments: segments, shape: shape) },
            reference: { reference($0[0], segments, shape) })
    }

    /// Longer than the blocks of 128 queries and 512 keys: blocks add to the gradients of others.
    @Test(arguments: [[0, 150], [0, 3, 260, 389], [0, 700]], [nil, 1, 20, 140, 600])
    func blocks(segments: [Int], window: Int?) {
        let shape = AttentionShape(
            heads: 2, keyValueHeads: 1, dimension: 4, softCap: window == 20 ? 3 : nil, window: window)
        expectGradient(
            shapes: [[segments.last!, shape.fusedWidth]], scales: [1], components: 24,
            // Sums over hundreds of keys.
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-5, cosine: 1e-10),
            operation: { causalAttention($0[0], segments: segments, shape: shape) },
            reference: { reference($0[0], segments, shape) })
    }

    /// Scores of ±10^4: one key takes all.
    @Test func extremeScores() {
        let shape = AttentionShape(heads: 2, keyValueHeads: 1, dimension: 4)
        let x = Fixture.normal(9 * shape.fusedWidth, deviation: 100)
        let qkv = Tensor(shape: [9, shape.fusedWidth], values: x).requiringGradient()
        let (loss, tape) = Tape.record {
            let y = causalAttention(qkv, segments: [0, 9], shape: shape)
            // A score of 10^4 in Float32 is off by 1e-3, and with it what little a second key gets.
            expectClose(
                y.values, reference(x.map(Double.init), [0, 9], shape), relative: 2e-3, absolute: 0.05)
            return projection(y, onto: Fixture.normal(y.count, seed: 2))
        }
        tape.backward(from: loss)
        #expect(qkv.gradient!.values.allSatisfy { $0.isFinite })
    }

    /// Equal scores: every output is the mean of the values so far.
    @Test func equalScores() {
        let shape = AttentionShape(heads: 1, keyValueHeads: 1, dimension: 2)
        // Queries of 0; keys of anything.
        let qkv = (0..<200).flatMap { position -> [Float] in
            [0, 0, Float(position % 7), -1, Float(position), -Float(position)]
        }
        let y = withoutGradients {
            causalAttention(Tensor(shape: [200, 6], values: qkv), segments: [0, 200], shape: shape)
        }
        let expected = (0..<200).flatMap { [Double($0) / 2, -Double($0) / 2] }
        expectClose(y.values, expected, relative: 2e-6, absolute: 1e-6)
    }

    /// What a later position holds cannot reach an earlier one, and segments cannot reach each other.
    @Test func laterPositionsAndOtherSegmentsAreInvisible() {
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, dimension: 6)
        let segments = [0, 140, 150, 200]
        func output(_ values: [Float]) -> [Float] {
            withoutGradients {
                causalAttention(
                    Tensor(shape: [200, shape.fusedWidth], values: values), segments: segments, shape: shape
                ).values
            }
        }
        let x = Fixture.normal(200 * shape.fusedWidth)
        let plain = output(x)
        for changed in [0, 139, 140, 145, 199] {
            var other = x
            for i in changed * shape.fusedWidth..<(changed + 1) * shape.fusedWidth { other[i] = 1e3 }
            let y = output(other)
            let segmentEnd = segments.first { $0 > changed }!
            for row in 0..<200 {
                let part = row * shape.queryWidth..<(row + 1) * shape.queryWidth
                let same = plain[part].elementsEqual(y[part])
                #expect(
                    same == !(changed..<segmentEnd).contains(row), "row \(row) after a change of \(changed)")
            }
        }
    }
}
