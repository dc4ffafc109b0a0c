import TestSupport
import Tensors
import Testing

/// Several operations on one tape: gradients that gather from several uses, and buffers that change hands.
@Suite struct ChainTests {
    /// Input and residual of one product: its gradient comes by two ways.
    @Test func sameTensorAsInputAndResidual() {
        expectGradient(
            shapes: [[5, 6], [6, 6]], operation: { linear($0[0], weight: $0[1], adding: $0[0]) },
            reference: { Reference.linear($0[0], weight: $0[1], inputs: 6, adding: $0[0]) })
    }

    /// A block of the decoder without attention: the residual stream is read by a norm and by a skip connection,
    /// and the last product's gradient buffer becomes the stream's.
    @Test func residualStream() {
        expectGradient(
            shapes: [[5, 6], [6], [8, 6], [6, 4], [6, 6]], scales: [0.3, 1],
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-5, cosine: 1e-10),
            operation: { t in
                let middle = linear(t[0], weight: t[4], adding: t[0])
                let gates = linear(rmsNorm(middle, weight: t[1], epsilon: 1e-5), weight: t[2])
                return linear(gatedUnit(gates, .silu), weight: t[3], adding: middle)
            },
            reference: { t in
                let middle = Reference.linear(t[0], weight: t[4], inputs: 6, adding: t[0])
                let normed = Reference.rmsNorm(middle, weight: t[1], epsilon: Double(Float(1e-5)))
                let gates = Reference.linear(normed, weight: t[2], inputs: 6)
                return Reference.linear(
                    Reference.swiGLU(gates, width: 4), weight: t[3], inputs: 4, adding: middle)
            })
    }

    /// A tied table: embedding and head add to one gradient.
    @Test func tiedEmbeddingAndHead() {
        let ids: [Int32] = [1, 4, 1, 0]
        expectGradient(
            shapes: [[5, 6], [6]],
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-5, cosine: 1e-10),
            operation: { t in
                linear(rmsNorm(embedding(ids, table: t[0]), weight: t[1], epsilon: 1e-5), weight: t[0])
            },
            reference: { t in
                let x = Reference.gatherRows(t[0], at: ids.map(Int.init), width: 6)
                return Reference.linear(
                    Reference.rmsNorm(x, weight: t[1], epsilon: Double(Float(1e-5))), weight: t[0],
                    inputs: 6)
            })
    }

    /// The same tensor read by two operations of each kind, in both orders.
    @Test func tensorReadTwice() {
        expectGradient(
            shapes: [[4, 6], [3, 6], [3, 3], [6]], scales: [0.3, 1],
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-5, cosine: 1e-10),
            operation: { t in
                let gated = gatedUnit(t[0], .silu)
                let normed = rmsNorm(t[0], weight: t[3], epsilon: 1e-5)
                let narrow = linear(normed, weight: t[1], adding: linear(t[0], weight: t[1]))
                return linear(gated, weight: t[2], adding: gatherRows(narrow, at: [3, 1, 0, 2]))
            },
            reference: { t in
                let gated = Reference.swiGLU(t[0], width: 3)
                let normed = Reference.rmsNorm(t[0], weight: t[3], epsilon: Double(Float(1e-5)))
                let narrow = Reference.linear(
                    normed, weight: t[1], inputs: 6,
                    adding: Reference.linear(t[0], weight: t[1], inputs: 6))
                return Reference.linear(
                    gated, weight: t[2], inputs: 3,
                    adding: Reference.gatherRows(narrow, at: [3, 1, 0, 2], width: 3))
            })
    }

    /// Product, rotation in place, attention: the rotation's output shares its input's buffer.
    @Test func rotatedAttention() {
        let shape = AttentionShape(heads: 2, keyValueHeads: 1, dimension: 4)
        let table = RotaryTable(positions: 8, dimension: 4, theta: 100)
        let segments = [0, 3, 7]
        let positions: [Int32] = [0, 1, 2, 0, 1, 2, 3]
        expectGradient(
            shapes: [[7, 5], [shape.fusedWidth, 5]], scales: [0.3, 0.8],
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-5, cosine: 1e-10),
            operation: { t in
                let turned = rotaryEmbedding(
                    linear(t[0], weight: t[1]), positions: positions, heads: 3, table: table)
                return causalAttention(turned, segments: segments, shape: shape)
            },
            reference: { t in
                let turned = Reference.rotary(
                    Reference.linear(t[0], weight: t[1], inputs: 5), positions: positions,
                    width: shape.fusedWidth, heads: 3, dimension: 4, theta: 100)
                return Reference.attention(
                    turned, segments: segments, heads: 2, keyValueHeads: 1, dimension: 4)
            })
    }

    /// Two tapes without a reset between them add up: gradient accumulation over micro-batches.
    @Test func gradientsOfTwoTapesAddUp() {
        let weight = Tensor(shape: [3, 4], values: Fixture.normal(12)).requiringGradient()
        let norm = Tensor(shape: [4], values: Fixture.normal(4, seed: 2)).requiringGradient()
        func pass(_ seed: UInt64) {
            let x = Tensor(shape: [5, 4], values: Fixture.normal(20, seed: seed))
            let (loss, tape) = Tape.record {
                let y = linear(rmsNorm(x, weight: norm, epsilon: 1e-5), weight: weight)
                return projection(y, onto: Fixture.normal(15, seed: seed + 10))
            }
            tape.backward(from: loss)
        }
        var single: [[[Float]]] = []
        for seed in [3, 4] as [UInt64] {
            pass(seed)
            single.append([weight.gradient!.values, norm.gradient!.values])
            (weight.gradient, norm.gradient) = (nil, nil)
        }
        pass(3)
        pass(4)
        for (index, tensor) in [weight, norm].enumerated() {
            let sum = zip(single[0][index], single[1][index]).map { Double($0) + Double($1) }
            expectClose(tensor.gradient!.values, sum, relative: 1e-6, absolute: 1e-6)
        }
    }
}
