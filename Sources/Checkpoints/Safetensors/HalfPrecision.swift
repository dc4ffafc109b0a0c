import Foundation
import Support
import Tensors

/// Conversion between Float32 and the float types of files.
///
/// To BF16 and F16, values are rounded to nearest, ties to even; what is beyond the range becomes infinite and a
/// NaN stays one.
enum HalfPrecision {
    /// Elements a thread converts at once: half a megabyte of BF16, which outweighs starting the loop.
    private static let grain = 1 << 18

    static func canWiden(_ type: ScalarType) -> Bool { type.weightFormat != nil }
    static func canNarrow(to type: ScalarType) -> Bool { [.f32, .bf16, .f16].contains(type) }

    /// - Parameters:
    ///   - bytes: Elements of `type`, at any alignment.
    ///   - target: Room for exactly as many values.
    static func widen(
        _ bytes: UnsafeRawBufferPointer, of type: ScalarType, into target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(canWiden(type) && target.count * type.bits == bytes.count * 8, "sizes differ")
        guard let source = bytes.baseAddress, let output = target.baseAddress else { return }
        let address = (source: UInt(bitPattern: source), output: UInt(bitPattern: output))
        Parallel.forRanges(of: target.count, grain: grain) { range in
            let start = UnsafeRawPointer(bitPattern: address.source)! + range.lowerBound * type.bits / 8
            let output = UnsafeMutablePointer<Float>(bitPattern: address.output)! + range.lowerBound
            type.weightFormat!.widen(start, count: range.count, into: output)
        }
    }

    /// - Parameters:
    ///   - type: F32, BF16 or F16.
    ///   - target: Room for exactly as many elements, aligned to an element.
    static func narrow(
        _ floats: UnsafeBufferPointer<Float>, to type: ScalarType, into target: UnsafeMutableRawBufferPointer
    ) {
        precondition(canNarrow(to: type) && floats.count * type.bits == target.count * 8, "sizes differ")
        guard let source = floats.baseAddress, let output = target.baseAddress else { return }
        switch type {
        case .bf16:
            kernels.float_to_bfloat16(source, output.assumingMemoryBound(to: UInt16.self), floats.count)
        case .f16:
            kernels.float_to_float16(source, output.assumingMemoryBound(to: UInt16.self), floats.count)
        default:
            memcpy(output, source, target.count)
        }
    }
}

extension ScalarType {
    /// What weights of this type are; nil where it is no type of weights.
    var weightFormat: WeightFormat? {
        switch self {
        case .f32: .f32
        case .f64: .f64
        case .f16: .f16
        case .bf16: .bf16
        default: nil
        }
    }
}
