import CKernels
import Foundation
import Support

extension DType {
    /// Whether values of this type can be read as Float32: true for the types of weights.
    public var canDequantize: Bool { Self.weightTypes.contains(self) }

    /// Converts `count` values at any address to Float32, on the calling thread.
    ///
    /// - Parameters:
    ///   - source: values of this type, a type of weights
    ///   - count: a multiple of `valuesPerBlock`
    ///   - target: room for as many values
    public func dequantize(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        let bytes = source.assumingMemoryBound(to: UInt8.self)
        func blocks(_ kernel: DistillDequantize) { kernel(bytes, target, count / valuesPerBlock) }
        switch self {
        case .f32: memcpy(target, source, count * 4)
        case .f64:
            for index in 0..<count {
                target[index] = Float(source.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
            }
        case .f16: withAlignedHalves(source, count) { kernels.float16_to_float($0, target, count) }
        case .bf16: withAlignedHalves(source, count) { kernels.bfloat16_to_float($0, target, count) }
        case .q40: blocks(kernels.dequantize_q4_0)
        case .q41: blocks(kernels.dequantize_q4_1)
        case .q50: blocks(kernels.dequantize_q5_0)
        case .q51: blocks(kernels.dequantize_q5_1)
        case .q80: blocks(kernels.dequantize_q8_0)
        case .q2K: blocks(kernels.dequantize_q2_k)
        case .q3K: blocks(kernels.dequantize_q3_k)
        case .q4K: blocks(kernels.dequantize_q4_k)
        case .q5K: blocks(kernels.dequantize_q5_k)
        case .q6K: blocks(kernels.dequantize_q6_k)
        case .iq4NL: blocks(kernels.dequantize_iq4_nl)
        default: preconditionFailure("\(rawValue) is not a type of weights")
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

    /// Elements a thread converts at once: half a megabyte of BF16, which outweighs starting the loop.
    private static let grain = 1 << 18

    /// Converts a buffer of unquantized values to Float32, on all threads.
    ///
    /// - Parameters:
    ///   - bytes: elements of this type, one of F32, F64, F16 and BF16, at any alignment
    ///   - target: room for exactly as many values
    package func dequantize(
        _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(canDequantize && valuesPerBlock == 1, "\(rawValue) is not a type of single floats")
        precondition(target.count * bytesPerBlock == bytes.count, "sizes differ")
        guard let source = bytes.baseAddress, let output = target.baseAddress else { return }
        let address = (source: UInt(bitPattern: source), output: UInt(bitPattern: output))
        Parallel.forRanges(of: target.count, grain: Self.grain) { range in
            let start = UnsafeRawPointer(bitPattern: address.source)! + range.lowerBound * bytesPerBlock
            let output = UnsafeMutablePointer<Float>(bitPattern: address.output)! + range.lowerBound
            dequantize(start, count: range.count, into: output)
        }
    }
}
