import Foundation
import TestSupport
import Tensors
import Testing

@testable import Training

@Suite struct AdamWTests {
    private func parameter(_ shape: [Int], seed: UInt64) -> Tensor {
        Tensor(shape: shape, values: Fixture.normal(shape.reduce(1, *), seed: seed)).requiringGradient()
    }

    /// Three groups, each with its rate and decay, against the plain update.
    @Test func groupsFollowTheFormula() {
        let tensors = [parameter([40, 500], seed: 1), parameter([7, 9], seed: 2), parameter([33], seed: 3)]
        let scales: [Float] = [1, 0.25, 1]
        let decays: [Float] = [0.1, 0.05, 0]
        let optimizer = AdamW(
            groups: tensors.indices.map {
                AdamW.Group(
                    parameters: [("p\($0)", tensors[$0])], learningRateScale: scales[$0],
                    weightDecay: decays[$0])
            }, options: .init(beta1: 0.8, beta2: 0.9, epsilon: 1e-6))
        var references = tensors.map { Reference.AdamW(weights: $0.values.map(Double.init)) }
        for step in 0..<8 {
            let rate = 0.01 / Float(step + 1)
            for (index, tensor) in tensors.enumerated() {
                let gradient = Fixture.normal(tensor.count, seed: UInt64(10 * step + index))
                tensor.gradient = Tensor(shape: tensor.shape, values: gradient)
                references[index].update(
                    gradient: gradient.map { 0.5 * Double($0) }, rate: Double(rate * scales[index]),
                    beta1: 0.8,
                    beta2: 0.9, epsilon: 1e-6, decay: Double(decays[index]))
            }
            optimizer.update(learningRate: rate, gradientScale: 0.5)
            #expect(optimizer.step == step + 1)
            #expect(tensors.allSatisfy { $0.gradient == nil && $0.needsGradient })
        }
        for (tensor, reference) in zip(tensors, references) {
            // 0.8 and 0.9 are not Float32 numbers: each moment is off by a few 1e-7, each step by 1e-8.
            expectClose(tensor.values, reference.weights, relative: 2e-6, absolute: 2e-7)
        }
        for (index, reference) in references.enumerated() {
            let state = Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
            expectClose(state["mean.p\(index)"]!.values, reference.mean, relative: 1e-5, absolute: 1e-7)
            expectClose(
                state["variance.p\(index)"]!.values, reference.variance, relative: 1e-5, absolute: 1e-7)
        }
    }

    @Test func matricesDecayAndVectorsDoNot() {
        let (matrix, vector) = (parameter([2, 3], seed: 1), parameter([3], seed: 2))
        let (before, same) = (matrix.values, vector.values)
        let optimizer = AdamW(
            parameters: [("m", matrix), ("v", vector)], options: .init(weightDecay: 0.5))
        for tensor in [matrix, vector] { tensor.gradient = .zeros(tensor.shape) }
        optimizer.update(learningRate: 0.1)
        expectClose(matrix.values, before.map { Double($0) * 0.95 }, relative: 1e-6)
        #expect(vector.values == same)
    }

    /// A parameter that no loss reached stays, moments and all.
    @Test func withoutAGradientNothingMoves() {
        let (moved, still) = (parameter([4, 4], seed: 1), parameter([4, 4], seed: 2))
        let before = still.values
        let optimizer = AdamW(parameters: [("a", moved), ("b", still)], options: .init(weightDecay: 0.5))
        moved.gradient = Tensor(shape: [4, 4], values: Fixture.normal(16))
        optimizer.update(learningRate: 0.1)
        #expect(still.values == before)
        #expect(moved.values != Fixture.normal(16, seed: 1))
    }

    @Test func gradientNormIsOverAllGroups() {
        let tensors = [parameter([300, 100], seed: 1), parameter([50], seed: 2), parameter([5], seed: 3)]
        let optimizer = AdamW(
            parameters: tensors.enumerated().map { ("p\($0)", $1) }, options: .init())
        #expect(optimizer.gradientNorm == 0)
        for (index, tensor) in tensors.dropLast().enumerated() {
            tensor.gradient = Tensor(
                shape: tensor.shape, values: Fixture.normal(tensor.count, seed: UInt64(index)))
        }
        let exact = tensors.dropLast().flatMap { $0.gradient!.values }.reduce(0.0) {
            $0 + Double($1) * Double($1)
        }
        #expect((optimizer.gradientNorm / exact.squareRoot() - 1).magnitude < 1e-7)
    }

    @Test func resumesFromItsState() {
        func make() -> (Tensor, AdamW) {
            let tensor = parameter([5, 7], seed: 1)
            return (tensor, AdamW(parameters: [("p", tensor)], options: .init()))
        }
        func step(_ tensor: Tensor, _ optimizer: AdamW, _ seed: UInt64) {
            tensor.gradient = Tensor(shape: [5, 7], values: Fixture.normal(35, seed: seed))
            optimizer.update(learningRate: 0.01)
        }
        let (tensor, optimizer) = make()
        for seed in 1...3 { step(tensor, optimizer, UInt64(seed)) }
        let (copy, resumed) = make()
        copy.copyValues(from: tensor)
        for (from, to) in zip(optimizer.state, resumed.state) { to.tensor.copyValues(from: from.tensor) }
        resumed.resume(atStep: 3)
        step(tensor, optimizer, 4)
        step(copy, resumed, 4)
        expectSameBits(copy.values, tensor.values)
    }
}
