import CKernels
import TestSupport
import Testing

@Suite struct HalfKernelTests {
    typealias Widen = @convention(c) (UnsafePointer<UInt16>?, UnsafeMutablePointer<Float>?, Int) -> Void
    typealias Narrow = @convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<UInt16>?, Int) -> Void

    private static let allPatterns = (0...UInt16.max).map { $0 }

    private func widen(_ bits: [UInt16], _ kernel: Widen) -> [Float] {
        guarded(bits.count) { kernel(bits, $0, bits.count) }
    }

    private func narrow(_ x: [Float], _ kernel: Narrow) -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: x.count) { buffer, count in
            kernel(x, buffer.baseAddress, x.count)
            count = x.count
        }
    }

    /// Floats all over the range, every value of the format, and the midpoints between neighbours with the floats
    /// around them, where rounding decides.
    private func samples(_ format: Reference.HalfFormat) -> [Float] {
        var samples = stride(from: UInt32(0), through: .max, by: 65_521).map { Float(bitPattern: $0) }
        for bits in Self.allPatterns where bits & 0x7FFF < 0x7FFF {
            let (low, high) = (format.value(bits), format.value(bits + 1))
            guard low.isFinite, !high.isNaN else { continue }
            let middle = high.isFinite ? Float((low + high) / 2) : Float(low)
            samples += [Float(low), middle.nextDown, middle, middle.nextUp]
        }
        return samples.filter { !$0.isNaN }
    }

    private func check(_ format: Reference.HalfFormat, widen wide: Widen, narrow narrowing: Narrow) {
        let values = widen(Self.allPatterns, wide)
        expectClose(values, Self.allPatterns.map(format.value), relative: 0, absolute: 0, "widening")
        #expect(values[0x8000].sign == .minus, "minus zero keeps its sign")

        let samples = samples(format)
        let bits = narrow(samples, narrowing)
        expectClose(
            bits.map { Float(format.value($0)) }, samples.map(format.nearest), relative: 0, absolute: 0,
            "narrowing")
        for (x, y) in zip(samples, bits) where x.sign != (y >> 15 == 0 ? .plus : .minus) {
            Issue.record("\(x) lost its sign")
        }
        let quiet = Float.nan
        let patterns: [UInt32] = [0x7F80_0001, 0x7FC0_0000, 0xFF80_0001, 0xFFFF_FFFF, 0x7FFF_FFFF]
        let nans = patterns.map { Float(bitPattern: $0) } + [quiet, -quiet]
        for y in narrow(nans, narrowing) { #expect(format.value(y).isNaN) }
        for count in Fixture.sizes {
            let part = Array(samples[1_000..<1_000 + count])
            #expect(narrow(part, narrowing) == Array(bits[1_000..<1_000 + count]), "\(count) values")
        }
    }

    @Test(arguments: KernelTable.all)
    func bfloat16(table: KernelTable) {
        let kernels = table.functions
        check(.bfloat16, widen: kernels.bfloat16_to_float, narrow: kernels.float_to_bfloat16)
    }

    @Test(arguments: KernelTable.all)
    func float16(table: KernelTable) {
        let kernels = table.functions
        check(.float16, widen: kernels.float16_to_float, narrow: kernels.float_to_float16)
    }
}
