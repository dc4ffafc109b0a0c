import CKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct IntegerKernelTests {
    private static let formats = DType.weightTypes.filter { $0.integerUnpacking() != nil }
    /// A whole tile of the kernels and part of one, and rows that leave a remainder of each size.
    private static let (outputs, rows) = (37, 15)

    private func width(_ format: DType) -> Int { format.valuesPerBlock == 256 ? 512 : 96 }

    /// The product of a kernel table, unpacked in its scratch memory.
    private func product(
        _ x: [Float], _ weights: Data, _ format: DType, adding start: [Float]? = nil,
        _ table: DistillKernels
    ) -> [Float] {
        let (integers, width) = (format.integerUnpacking(in: table)!, width(format))
        let rows = x.count / width
        let outputs = weights.count / format.byteCount(width)!
        var levels = [Int8](repeating: 0, count: x.count)
        var groups = [DistillGroup](repeating: DistillGroup(), count: x.count / integers.group)
        table.round_rows(x, &levels, &groups, rows, width, integers.group)
        let scratch = Tensor(shape: [table.integer_outputs * (2 * width + 8 * (width / integers.group)) / 4])
        scratch.fill(.nan)
        return guarded(rows * outputs, initial: start) { y in
            weights.withUnsafeBytes { bytes in
                table.integer_product(
                    integers.unpack, bytes.assumingMemoryBound(to: UInt8.self).baseAddress!,
                    format.byteCount(width)!, levels, groups, y, rows, outputs, width, integers.group,
                    integers.hasMinimum ? 1 : 0, outputs, start == nil ? 0 : 1,
                    UnsafeMutableRawPointer(scratch.pointer).assumingMemoryBound(to: UInt8.self))
            }
        }
    }

    private func dequantized(_ weights: Data, _ format: DType, count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        weights.withUnsafeBytes { format.dequantize($0.baseAddress!, count: count, into: &values) }
        return values
    }

    @Test(arguments: KernelTable.all, formats)
    func unpackedWeightsAreTheDequantizedOnes(table: KernelTable, format: DType) {
        let (integers, width) = (format.integerUnpacking(in: table.functions)!, 512)
        let weights = Fixture.blocks(format, count: width)
        let apart = table.functions.integer_outputs
        var levels = [UInt8](repeating: 0, count: width)
        var scales = [Float](repeating: .nan, count: width / integers.group * apart)
        var minimums = [Float](repeating: integers.hasMinimum ? .nan : 0, count: scales.count)
        weights.withUnsafeBytes {
            integers.unpack(
                $0.assumingMemoryBound(to: UInt8.self).baseAddress!, &levels, &scales, &minimums, width)
        }
        // A bias of 128 makes the lowest level of any format no less than 0.
        let bias = table.description == "avx512vnni" ? 128 : 0
        let found = (0..<width).map { i -> Float in
            let level = bias == 0 ? Int(Int8(bitPattern: levels[i])) : Int(levels[i]) - bias
            let place = i / integers.group * apart
            return scales[place] * Float(level) + minimums[place]
        }
        expectClose(
            found, dequantized(weights, format, count: width).map(Double.init), relative: 0, absolute: 0)
    }

    /// Sums of whole numbers are exact; those of at most 32 groups in Float32 round by 6e-8 of their parts each time.
    @Test(arguments: KernelTable.all, formats)
    func productsAreThoseOfRoundedRows(table: KernelTable, format: DType) {
        let (width, rows, outputs) = (width(format), Self.rows, Self.outputs)
        let x = Fixture.normal(rows * width)
        let weights = Fixture.blocks(format, count: outputs * width)
        let start = Fixture.normal(rows * outputs, seed: 3)
        let (a, w) = (
            Reference.roundedTo8Bits(x), dequantized(weights, format, count: outputs * width).map(Double.init)
        )
        let expected = Reference.linear(a, weight: w, inputs: width)
        let sizes = Reference.linear(a.map(\.magnitude), weight: w.map(\.magnitude), inputs: width)
        func check(_ found: [Float], _ expected: [Double], _ what: String) {
            for (place, (found, expected)) in zip(found, expected).enumerated() {
                #expect(
                    (Double(found) - expected).magnitude <= 1e-6 * sizes[place],
                    "\(what) \(place / outputs), \(place % outputs)")
            }
        }
        check(product(x, weights, format, table.functions), expected, "product")
        check(
            product(x, weights, format, adding: start, table.functions),
            zip(expected, start).map { $0 + Double($1) }, "added product")
    }

    @Test(arguments: KernelTable.all)
    func aRowsBitsAreItsOwn(table: KernelTable) {
        for format in [DType.q80, .q4K, .q6K] {
            let width = width(format)
            let x = Fixture.normal(Self.rows * width)
            let weights = Fixture.blocks(format, count: Self.outputs * width)
            let all = product(x, weights, format, table.functions)
            for rows in [0..<1, 1..<3, 3..<7, 2..<15] {
                let part = product(
                    Array(x[rows.lowerBound * width..<rows.upperBound * width]), weights, format,
                    table.functions)
                expectSameBits(
                    part, Array(all[rows.lowerBound * Self.outputs..<rows.upperBound * Self.outputs]),
                    "\(format) \(rows)")
            }
        }
    }

    /// Rounding must not hide that a model's numbers are none.
    @Test(arguments: KernelTable.all)
    func whatIsNoNumberStaysNone(table: KernelTable) {
        let weights = Fixture.blocks(.q80, count: 3 * 96)
        for poison in [Float.nan, .infinity, -.infinity] {
            var x = Fixture.normal(2 * 96)
            x[50] = poison
            let y = product(x, weights, .q80, table.functions)
            #expect(y[..<3].allSatisfy(\.isNaN) && y[3...].allSatisfy(\.isFinite))
        }
        #expect(product(Fixture.normal(96).map { $0 * 0 }, weights, .q80, table.functions) == [0, 0, 0])
        let tiny = product(Fixture.normal(96).map { $0 * 1e-38 }, weights, .q80, table.functions)
        #expect(tiny.allSatisfy { $0.magnitude < 1e-35 })
    }
}
