import Foundation
import TestSupport
import Testing

@Suite struct AdamWKernelTests {
    @Test(arguments: KernelTable.all, Fixture.sizes)
    func twentySteps(table: KernelTable, count: Int) {
        for (decay, clip, size): (Float, Float, Float) in [(0, 1, 1), (0.1, 0.5, 1e-4), (0.1, 1, 1e4)] {
            let initial = Fixture.normal(count)
            var reference = Reference.AdamW(weights: initial.map(Double.init))
            var (mean, variance) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
            var weights = initial
            for step in 1...20 {
                let gradient = Fixture.normal(count, deviation: size, seed: UInt64(step))
                weights = guarded(count, initial: weights) {
                    table.functions.adamw(
                        $0, gradient, &mean, &variance, count, 1e-2, 0.9, 0.95, 1e-8, decay,
                        Float(1 - pow(0.9, Double(step))), Float(1 - pow(0.95, Double(step))), clip)
                }
                reference.update(
                    gradient: gradient.map { Double($0) * Double(clip) }, rate: 1e-2,
                    decay: Double(decay))
            }
            // Twenty roundings of weights of size 1, and corrections 1 − beta^step given in Float32.
            expectClose(weights, reference.weights, relative: 1e-6, absolute: 1e-6)
            expectClose(mean, reference.mean, relative: 1e-5, absolute: 1e-6 * Double(size))
            expectClose(variance, reference.variance, relative: 5e-6, absolute: 0)
        }
    }

    /// Without a gradient only the decay moves a weight; a variance of 0 divides nothing by 0.
    @Test(arguments: KernelTable.all)
    func zeroGradient(table: KernelTable) {
        let zero: [Float] = [0, 0, 0]
        var (mean, variance) = (zero, zero)
        let weights = guarded(3, initial: [1, -2, 0]) {
            table.functions.adamw(
                $0, zero, &mean, &variance, 3, 0.1, 0.9, 0.95, 1e-8, 0.5, 0.1, 0.05, 1)
        }
        expectClose(weights, [0.95, -1.9, 0], relative: 1e-7, absolute: 0)
        #expect(mean == zero && variance == zero)
    }
}
