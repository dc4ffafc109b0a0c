import TestSupport
import Testing

@testable import Tensors

@Suite struct TapeTests {
    private func pair() -> (x: Tensor, weight: Tensor) {
        (
            Tensor(shape: [2, 3], values: Fixture.normal(6)),
            Tensor(shape: [4, 3], values: Fixture.normal(12, seed: 2))
        )
    }

    @Test func nothingIsRecordedWithoutATape() {
        let (x, weight) = pair()
        weight.requiringGradient()
        #expect(!linear(x, weight: weight).needsGradient)
        let (y, _) = Tape.record { withoutGradients { linear(x, weight: weight) } }
        #expect(!y.needsGradient)
    }

    @Test func nothingIsRecordedForFrozenInputs() {
        let (x, weight) = pair()
        let (loss, tape) = Tape.record {
            #expect(!Tape.records(x, weight))
            let y = linear(x, weight: weight)
            #expect(!y.needsGradient)
            return projection(y, onto: Array(repeating: 1, count: 8))
        }
        tape.backward(from: loss)
        #expect(x.gradient == nil && weight.gradient == nil)
    }

    @Test func operationsWithoutAGradientAreSkipped() {
        let (x, weight) = pair()
        weight.requiringGradient()
        let (loss, tape) = Tape.record {
            // Read by nobody: no gradient reaches it.
            _ = linear(x, weight: weight)
            return projection(linear(x, weight: weight), onto: Array(repeating: 1, count: 8))
        }
        tape.backward(from: loss)
        let columnSums = (0..<3).map { Double(x.values[$0]) + Double(x.values[$0 + 3]) }
        expectClose(
            weight.gradient!.values, (0..<4).flatMap { _ in columnSums }, relative: 1e-6, absolute: 1e-6)
    }

    @Test func outputsReleaseTheirGradients() {
        let (x, weight) = pair()
        weight.requiringGradient()
        var output: Tensor?
        let (loss, tape) = Tape.record {
            let y = linear(x, weight: weight)
            output = y
            return projection(y, onto: Array(repeating: 1, count: 8))
        }
        tape.backward(from: loss)
        #expect(output!.needsGradient && output!.gradient == nil && loss.gradient == nil)
        #expect(weight.gradient != nil)
    }

    @Test func slotAdoptsTheFirstContributionAndAddsTheNext() {
        let slot = GradientSlot()
        let first = Tensor(shape: [2], values: [1, 2])
        slot.adopt(first)
        #expect(slot.value === first)
        slot.adopt(Tensor(shape: [2], values: [10, 20]))
        #expect(first.values == [11, 22])
        slot.accumulate(shape: [2]) { buffer, beta in
            #expect(beta == 1 && buffer === first)
        }
    }

    @Test func freezingDropsTheGradient() {
        let tensor = Tensor(shape: [1], values: [1]).requiringGradient()
        tensor.gradient = Tensor(shape: [1], values: [2])
        #expect(tensor.requiringGradient().gradient != nil)
        tensor.requiringGradient(false)
        #expect(!tensor.needsGradient && tensor.gradient == nil)
    }

    @Test func valuesAndShapes() {
        let tensor = Tensor(shape: [2, 3, 4], values: (0..<24).map(Float.init))
        #expect(tensor.count == 24 && tensor.width == 4 && tensor.rows == 6)
        let copy = tensor.copy()
        tensor.fill(7)
        #expect(copy.values == (0..<24).map(Float.init))
        #expect(tensor.values == Array(repeating: 7, count: 24))
        #expect(Tensor.zeros([3]).values == [0, 0, 0])
        #expect(Tensor(shape: [], values: [5]).count == 1)
        #expect(Tensor(shape: [0, 4]).values.isEmpty)
    }

    @Test func sumsOfSquaresOverSeveralTensors() {
        let tensors = [20_000, 1, 40_001].enumerated().map {
            Tensor(shape: [$1], values: Fixture.normal($1, seed: UInt64($0)))
        }
        let exact = tensors.reduce(0) { $1.values.reduce($0) { $0 + Double($1) * Double($1) } }
        #expect((sumOfSquares(tensors) - exact).magnitude <= 5e-6 * exact)
    }

    @Test func impossibleCallsStop() async {
        await #expect(processExitsWith: .failure) {
            let (y, tape) = Tape.record { Tensor.zeros([2]) }
            tape.backward(from: y)
        }
        await #expect(processExitsWith: .failure) { _ = embedding([5], table: Tensor.zeros([5, 2])) }
        await #expect(processExitsWith: .failure) { _ = embedding([-1], table: Tensor.zeros([5, 2])) }
        await #expect(processExitsWith: .failure) {
            _ = linear(Tensor.zeros([2, 3]), weight: Tensor.zeros([2, 4]))
        }
        await #expect(processExitsWith: .failure) {
            let shape = AttentionShape(heads: 1, keyValueHeads: 1, dimension: 2)
            _ = causalAttention(Tensor.zeros([4, 6]), segments: [0, 3], shape: shape)
        }
        await #expect(processExitsWith: .failure) {
            let table = RotaryTable(positions: 4, dimension: 2, theta: 10_000)
            _ = rotaryEmbedding(Tensor.zeros([1, 2]), positions: [4], heads: 1, table: table)
        }
    }
}
