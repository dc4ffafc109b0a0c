import Checkpoints
import Foundation
import TestSupport
import Tensors
import Testing

@Suite struct QuantizerTests {
    private func rounded(_ values: [Float], to format: DType) -> [UInt8] {
        var blocks = [UInt8](repeating: 0xAA, count: format.byteCount(values.count)!)
        blocks.withUnsafeMutableBytes {
            Quantizer.quantize(values, count: values.count, to: format, into: $0.baseAddress!)
        }
        return blocks
    }

    private func dequantized(_ blocks: [UInt8], _ format: DType, count: Int) -> [Float] {
        var values = [Float](repeating: .nan, count: count)
        blocks.withUnsafeBytes { format.dequantize($0.baseAddress!, count: count, into: &values) }
        return values
    }

    @Test(arguments: [DType.q80, .q40, .q50])
    func roundsBitForBit(format: DType) throws {
        let file = try SafetensorsFile(contentsOf: golden("gguf/rounded.safetensors"))
        let values = try file.values("values", as: Float.self)
        #expect(
            rounded(values, to: format) == (try file.values("\(format.rawValue).blocks", as: UInt8.self)))
    }

    @Test(arguments: [DType.f16, .bf16, .q80, .q40, .q50])
    func overflowMagnitudeIsTheLeastThatBecomesInfinite(format: DType) {
        func isFinite(_ value: Float) -> Bool {
            var values = [Float](repeating: 0, count: format.valuesPerBlock)
            values[0] = value
            return dequantized(rounded(values, to: format), format, count: values.count).allSatisfy(
                \.isFinite)
        }
        let bound = format.overflowMagnitude
        #expect(isFinite(bound.nextDown) && isFinite(-bound.nextDown))
        #expect(!isFinite(bound) && !isFinite(-bound))
    }

    @Test func sixBitsHoldWhatIsBelowTheirBound() {
        let bound = DType.q6K.overflowMagnitude
        let values = (0..<256).map { $0 % 16 == 0 ? bound.nextDown : bound / Float($0) }
        let back = dequantized(rounded(values, to: .q6K), .q6K, count: 256)
        #expect(back.allSatisfy { $0.isFinite })
    }

    /// The reciprocal of such a block's scale is infinite, and a level of infinity or NaN was converted to an integer.
    @Test(arguments: [DType.q80, .q40, .q50, .q6K], [1e-45, 1e-42, 1e-39, 1e-37] as [Float])
    func valuesNearZeroBecomeZero(format: DType, size: Float) {
        let values = (0..<256).map { $0 % 3 == 0 ? 0 : $0 % 2 == 0 ? size : -size }
        #expect(dequantized(rounded(values, to: format), format, count: 256).allSatisfy { $0 == 0 })
    }

    /// Levels a 64th of the largest value of 16 apart: of normal values some 2.3 deviations. A rounding error spreads
    /// evenly over a step, its root mean square is step / √12.
    @Test func sixBitsLoseWhatSixBitsMust() {
        for deviation: Float in [0.01, 1, 100] {
            let values = Fixture.normal(2048, deviation: deviation)
            let back = dequantized(rounded(values, to: .q6K), .q6K, count: values.count)
            let error = zip(values, back).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            let size = values.reduce(0.0) { $0 + Double($1 * $1) }
            #expect((error / size).squareRoot() < 2.3 * 2 / 64 / 12.0.squareRoot() * 1.2)
        }
        let zeros = [Float](repeating: 0, count: 256)
        #expect(dequantized(rounded(zeros, to: .q6K), .q6K, count: 256) == zeros)
    }

    /// What has been rounded once is kept by a second rounding, up to the last bit of the scale.
    @Test(arguments: [DType.q80, .q40, .q50, .q6K, .f16, .bf16])
    func roundingAgainChangesLittle(format: DType) {
        let once = dequantized(rounded(Fixture.normal(512), to: format), format, count: 512)
        let twice = dequantized(rounded(once, to: format), format, count: 512)
        // Float16 scales are rounded by 2⁻¹¹; a group's scale in Q6_K by a 256th of the block's too.
        expectClose(twice, once.map(Double.init), relative: format == .q6K ? 0.02 : 1e-3, absolute: 0.02)
    }
}
