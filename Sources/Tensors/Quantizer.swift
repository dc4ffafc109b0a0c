import Foundation

/// Converts Float32 values to narrower types: half precision and the block-quantized types of GGUF.
///
/// Q8_0, Q4_0 and Q5_0 are rounded as the GGUF reference package rounds them. For Q6_K each group of 16 takes, of a few
/// scales about the one that fits its largest value, the one that leaves the least squared error, weighted by the
/// squared values.
public enum Quantizer {
    /// Whether Float32 values can be converted to a type.
    public static func canQuantize(to dtype: DType) -> Bool {
        [.f32, .f16, .bf16, .q80, .q40, .q50, .q6K].contains(dtype)
    }

    /// Rounds values to a type, on the calling thread.
    ///
    /// - Parameters:
    ///   - source: `count` values
    ///   - count: a multiple of the type's block
    ///   - target: room for the blocks, at any address for quantized types, at an even one for half precision
    public static func quantize(
        _ source: UnsafePointer<Float>, count: Int, to dtype: DType,
        into target: UnsafeMutableRawPointer
    ) {
        precondition(
            canQuantize(to: dtype) && count % dtype.valuesPerBlock == 0,
            "\(count) values are not rounded to \(dtype.rawValue)")
        switch dtype {
        case .f32: memcpy(target, source, count * 4)
        case .f16: kernels.float_to_float16(source, target.assumingMemoryBound(to: UInt16.self), count)
        case .bf16: kernels.float_to_bfloat16(source, target.assumingMemoryBound(to: UInt16.self), count)
        default:
            for block in 0..<count / dtype.valuesPerBlock {
                let (x, y) = (source + block * dtype.valuesPerBlock, target + block * dtype.bytesPerBlock)
                switch dtype {
                case .q80: q80(x, y)
                case .q40: q40(x, y)
                case .q50: q50(x, y)
                default: q6K(x, y)
                }
            }
        }
    }

    private static func q80(_ x: UnsafePointer<Float>, _ y: UnsafeMutableRawPointer) {
        var largest: Float = 0
        for i in 0..<32 { largest = max(largest, x[i].magnitude) }
        let scale = largest / 127
        let inverse = inverse(of: scale)
        store(scale, at: y)
        for i in 0..<32 {
            y.storeBytes(of: Int8((x[i] * inverse).rounded()), toByteOffset: 2 + i, as: Int8.self)
        }
    }

    /// The value of largest magnitude takes the lowest level, −half; others are rounded half up. In Double, as the
    /// reference does, whose rounding of ties would otherwise depend on fused products.
    private static func levels(
        _ x: UnsafePointer<Float>, half: Float, _ y: UnsafeMutableRawPointer,
        _ body: (UnsafeMutablePointer<UInt8>) -> Void
    ) {
        var extreme: Float = 0
        for i in 0..<32 where x[i].magnitude > extreme.magnitude { extreme = x[i] }
        let scale = extreme / -half
        let inverse = inverse(of: scale)
        store(scale, at: y)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { q in
            for i in 0..<32 {
                let level = Double(x[i]) * Double(inverse) + Double(half) + 0.5
                q[i] = UInt8(min(max(level, 0), Double(2 * half) - 1))
            }
            body(q.baseAddress!)
        }
    }

    private static func q40(_ x: UnsafePointer<Float>, _ y: UnsafeMutableRawPointer) {
        levels(x, half: 8, y) { q in
            for i in 0..<16 { y.storeBytes(of: q[i] | q[16 + i] << 4, toByteOffset: 2 + i, as: UInt8.self) }
        }
    }

    private static func q50(_ x: UnsafePointer<Float>, _ y: UnsafeMutableRawPointer) {
        levels(x, half: 16, y) { q in
            var high: UInt32 = 0
            for i in 0..<32 { high |= UInt32(q[i] >> 4) << UInt32(i) }
            y.storeBytes(of: high.littleEndian, toByteOffset: 2, as: UInt32.self)
            for i in 0..<16 {
                y.storeBytes(of: q[i] & 15 | (q[16 + i] & 15) << 4, toByteOffset: 6 + i, as: UInt8.self)
            }
        }
    }

    private static func q6K(_ x: UnsafePointer<Float>, _ y: UnsafeMutableRawPointer) {
        let scales = (0..<16).map { groupScale(x + 16 * $0) }
        let extreme = scales.reduce(0) { $1.magnitude > $0.magnitude ? $1 : $0 }
        // What the block's scale is after rounding to Float16 decides the levels.
        let whole = Float(Float16(extreme / -128))
        store(whole, at: y + 208)
        var q = [UInt8](repeating: 32, count: 256)
        for group in 0..<16 {
            let level = whole == 0 ? 0 : max(-128, min(127, (scales[group] / whole).rounded()))
            y.storeBytes(of: Int8(level), toByteOffset: 192 + group, as: Int8.self)
            let scale = whole * level
            guard scale != 0 else { continue }
            for i in 16 * group..<16 * group + 16 {
                q[i] = UInt8(32 + max(-32, min(31, (x[i] / scale).rounded())))
            }
        }
        for half in 0..<2 {
            for i in 0..<64 {
                let (low, high) = (q[128 * half + i], q[128 * half + 64 + i])
                y.storeBytes(of: low & 15 | (high & 15) << 4, toByteOffset: 64 * half + i, as: UInt8.self)
            }
            for i in 0..<32 {
                let bits = (0..<4).reduce(UInt8(0)) {
                    $0 | (q[128 * half + 32 * $1 + i] >> 4) << UInt8(2 * $1)
                }
                y.storeBytes(of: bits, toByteOffset: 128 + 32 * half + i, as: UInt8.self)
            }
        }
    }

    /// The scale at which 16 values lose least as levels −32 to 31.
    private static func groupScale(_ x: UnsafePointer<Float>) -> Float {
        var extreme: Float = 0
        for i in 0..<16 where x[i].magnitude > extreme.magnitude { extreme = x[i] }
        guard extreme.magnitude > 1e-15 else { return 0 }
        var (best, bestGain): (Float, Float) = (0, -1)
        for step in -9...9 {
            let inverse = -(32 + 0.1 * Float(step)) / extreme
            var (product, square): (Float, Float) = (0, 0)
            for i in 0..<16 {
                let level = max(-32, min(31, (x[i] * inverse).rounded()))
                let weight = x[i] * x[i]
                product += weight * x[i] * level
                square += weight * level * level
            }
            // With the scale product / square the error falls by product² / square.
            if square > 0, product * product / square > bestGain {
                (best, bestGain) = (product / square, product * product / square)
            }
        }
        return best
    }

    /// The reciprocal of a block's scale; 0 where it is beyond Float32, and all levels with it: Float16, in which the scale is
    /// stored, rounds such a scale to 0.
    private static func inverse(of scale: Float) -> Float {
        let inverse = 1 / scale
        return inverse.isFinite ? inverse : 0
    }

    private static func store(_ scale: Float, at target: UnsafeMutableRawPointer) {
        target.storeBytes(of: Float16(scale).bitPattern.littleEndian, as: UInt16.self)
    }
}

extension DType {
    /// The least magnitude that overflows when it is rounded to this type: the value, or the Float16 scale of its block,
    /// would become infinite. Infinite for Float32.
    public var overflowMagnitude: Float {
        // Halfway between the largest Float16, 65504, and the next power of two: rounded to nearest, ties to even, it is infinite.
        let half: Float = 65_520
        return switch self {
        case .f16: half
        case .bf16: 0x1.FFp127
        case .q80: 127 * half
        case .q40: 8 * half
        case .q50: 16 * half
        // A block's scale is that of its widest group, which is at least 1/31.1 of the group's largest value, over 128.
        case .q6K: 31 * 128 * half
        default: .infinity
        }
    }

    /// The type in which rows of `width` values are written where this one is asked for: Q8_0 or F16 where they are not whole
    /// blocks of it.
    public func fitting(width: Int) -> DType {
        if width % valuesPerBlock == 0 { return self }
        return self == .q6K && width % 32 == 0 ? .q80 : .f16
    }
}
