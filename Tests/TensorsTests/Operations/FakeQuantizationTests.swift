import TestSupport
import Tensors
import Testing

@Suite struct FakeQuantizationTests {
    /// The values of the blocks that are written; 3 rows of 2 blocks, one row of zeros.
    @Test(arguments: [DType.q80, .q50, .q40, .f16])
    func roundsToWhatIsWritten(format: DType) {
        var values = Fixture.normal(192, deviation: 0.02)
        for index in 64..<128 { values[index] = 0 }
        var blocks = [UInt8](repeating: 0, count: format.byteCount(192)!)
        var expected = [Float](repeating: .nan, count: 192)
        blocks.withUnsafeMutableBytes {
            Quantizer.quantize(values, count: 192, to: format, into: $0.baseAddress!)
            format.dequantize($0.baseAddress!, count: 192, into: &expected)
        }
        let weight = Tensor(shape: [3, 64], values: values)
        expectSameBits(fakeQuantized(weight, to: format).values, expected, "\(format)")
        expectSameBits(weight.values, values, "the weight itself")
        #expect(format == .f16 || zip(values, expected).contains { abs($0 - $1) > 1e-5 })
    }

    /// The gradient of the rounded matrix is the weight's, as it is; a matrix used twice gathers both.
    @Test func gradientsPass() {
        let weight = Tensor(shape: [5, 32], values: Fixture.normal(160)).requiringGradient()
        let x = Tensor(shape: [4, 32], values: Fixture.normal(128, seed: 2))
        let weights = Fixture.normal(20, seed: 3)
        func gradient(of tensor: Tensor, _ matrix: () -> Tensor) -> [Float] {
            let (loss, tape) = Tape.record {
                let matrix = matrix()
                return projection(linear(x, weight: matrix, adding: linear(x, weight: matrix)), onto: weights)
            }
            tape.backward(from: loss)
            defer { tensor.gradient = nil }
            return tensor.gradient!.values
        }
        let rounded = fakeQuantized(weight, to: .q40).requiringGradient()
        let expected = gradient(of: rounded) { rounded }
        expectSameBits(gradient(of: weight) { fakeQuantized(weight, to: .q40) }, expected, "gradient")
        #expect(rounded.values != weight.values)
    }
}
