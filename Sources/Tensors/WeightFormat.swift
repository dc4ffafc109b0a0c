import CKernels
import Foundation

/// How a file stores weights: Float32 and narrower floats, and the block-quantised types of GGUF.
public enum WeightFormat: String, CaseIterable, Codable, Sendable {
    case f32 = "F32"
    case f64 = "F64"
    case f16 = "F16"
    case bf16 = "BF16"
    case q40 = "Q4_0"
    case q41 = "Q4_1"
    case q50 = "Q5_0"
    case q51 = "Q5_1"
    case q80 = "Q8_0"
    case q2K = "Q2_K"
    case q3K = "Q3_K"
    case q4K = "Q4_K"
    case q5K = "Q5_K"
    case q6K = "Q6_K"
    case iq4NL = "IQ4_NL"

    /// Values that are stored together; a row holds whole blocks.
    public var valuesPerBlock: Int {
        switch self {
        case .f32, .f64, .f16, .bf16: 1
        case .q40, .q41, .q50, .q51, .q80, .iq4NL: 32
        case .q2K, .q3K, .q4K, .q5K, .q6K: 256
        }
    }

    public var bytesPerBlock: Int {
        switch self {
        case .f32: 4
        case .f64: 8
        case .f16, .bf16: 2
        case .q40, .iq4NL: 18
        case .q41: 20
        case .q50: 22
        case .q51: 24
        case .q80: 34
        case .q2K: 84
        case .q3K: 110
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        }
    }

    /// Bytes of `count` values, whole blocks; nil where they are not, or cannot be counted.
    public func byteCount(_ count: Int) -> Int? {
        guard count >= 0, count % valuesPerBlock == 0 else { return nil }
        let (bytes, overflow) = (count / valuesPerBlock).multipliedReportingOverflow(by: bytesPerBlock)
        return overflow ? nil : bytes
    }

    /// Bytes of a tensor whose rows of `width` values follow each other; nil where rows are no whole blocks or there
    /// are more bytes than can be counted.
    public func byteCount(shape: [Int]) -> Int? {
        guard let width = shape.last else { return bytesPerBlock }
        return shape.dropLast().reduce(byteCount(width)) { total, extent in
            guard let (product, overflow) = total?.multipliedReportingOverflow(by: extent), !overflow else {
                return nil
            }
            return product
        }
    }

    /// Widens `count` values at any address.
    ///
    /// - Parameters:
    ///   - count: a multiple of `valuesPerBlock`
    ///   - target: room for as many values
    public func widen(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        let bytes = source.assumingMemoryBound(to: UInt8.self)
        func blocks(_ kernel: DistillWiden) { kernel(bytes, target, count / valuesPerBlock) }
        switch self {
        case .f32: memcpy(target, source, count * 4)
        case .f64:
            for index in 0..<count {
                target[index] = Float(source.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
            }
        case .f16: withAlignedHalves(source, count) { kernels.float16_to_float($0, target, count) }
        case .bf16: withAlignedHalves(source, count) { kernels.bfloat16_to_float($0, target, count) }
        case .q40: blocks(kernels.widen_q4_0)
        case .q41: blocks(kernels.widen_q4_1)
        case .q50: blocks(kernels.widen_q5_0)
        case .q51: blocks(kernels.widen_q5_1)
        case .q80: blocks(kernels.widen_q8_0)
        case .q2K: blocks(kernels.widen_q2_k)
        case .q3K: blocks(kernels.widen_q3_k)
        case .q4K: blocks(kernels.widen_q4_k)
        case .q5K: blocks(kernels.widen_q5_k)
        case .q6K: blocks(kernels.widen_q6_k)
        case .iq4NL: blocks(kernels.widen_iq4_nl)
        }
    }

    /// A file may put a tensor at an odd address; the kernels need an even one.
    private func withAlignedHalves(
        _ start: UnsafeRawPointer, _ count: Int, _ body: (UnsafePointer<UInt16>) -> Void
    ) {
        if UInt(bitPattern: start) % 2 == 0 {
            body(start.assumingMemoryBound(to: UInt16.self))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: count) { copy in
            memcpy(copy.baseAddress!, start, count * 2)
            body(copy.baseAddress!)
        }
    }
}
