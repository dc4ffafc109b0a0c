import Checkpoints
import Foundation
import TestSupport
import Tensors
import Testing

/// Random blocks of every type, dequantized to the bits that the gguf package computes.
@Suite struct QuantizedFormatTests {
    @Test(arguments: DType.weightTypes.filter { $0 != .f32 && $0 != .f64 }, KernelTable.all)
    func dequantizesBitForBit(format: DType, table: KernelTable) throws {
        let file = try SafetensorsFile(contentsOf: golden("gguf/quantized.safetensors"))
        let blocks = try file.values("\(format.rawValue).blocks", as: UInt8.self)
        let expected = try file.values("\(format.rawValue).values", as: Float.self)
        try #require(format.byteCount(expected.count) == blocks.count)
        let kernel = table.functions.dequantize(format)
        // At an odd address too: blocks have odd sizes, and files put them anywhere.
        for shift in [0, 1] {
            let moved = [UInt8](repeating: 0, count: shift) + blocks
            let found = guarded(expected.count) { target in
                moved.withUnsafeBytes { bytes in
                    let source = bytes.baseAddress! + shift
                    if let kernel {
                        kernel(
                            source.assumingMemoryBound(to: UInt8.self), target,
                            expected.count / format.valuesPerBlock)
                    } else {
                        format.dequantize(source, count: expected.count, into: target)
                    }
                }
            }
            expectSameBits(found, expected, format.rawValue)
        }
    }

    @Test func sizesAreCountedWithoutOverflow() {
        #expect(DType.q4K.byteCount(shape: [3, 512]) == 3 * 288)
        #expect(DType.q4K.byteCount(shape: [512, 3]) == nil)
        #expect(DType.q80.byteCount(shape: [1 << 31, 1 << 31, 1 << 31]) == nil)
        #expect(DType.f64.byteCount(.max) == nil)
    }
}
