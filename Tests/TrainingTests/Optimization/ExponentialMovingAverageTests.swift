import TestSupport
import Tensors
import Testing

@testable import Training

@Suite struct ExponentialMovingAverageTests {
    @Test(arguments: [0.5, 0.9, 0.999] as [Float])
    func followsTheFormula(decay: Float) {
        let tensor = Tensor(shape: [40, 500], values: Fixture.normal(20_000))
        let average = ExponentialMovingAverage(of: [("w", tensor)], decay: decay)
        expectSameBits(average.averages[0].tensor.values, tensor.values, "it begins at the weights")
        var expected = tensor.values.map(Double.init)
        for step in 1...6 {
            let values = Fixture.normal(20_000, seed: UInt64(step + 1))
            tensor.withUnsafeMutableFloats { _ = $0.update(fromContentsOf: values) }
            average.update(step: step)
            let used = min(Double(decay), Double(1 + step) / Double(10 + step))
            for i in expected.indices { expected[i] += (1 - used) * (Double(values[i]) - expected[i]) }
        }
        expectClose(average.averages[0].tensor.values, expected, relative: 2e-6, absolute: 5e-7)
        expectSameBits(tensor.values, Fixture.normal(20_000, seed: 7), "the weights stay")
    }
}
