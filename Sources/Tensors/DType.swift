/// The type in which values are stored: element types of safetensors files and the block-quantized types of GGUF files.
///
/// The raw value is the name that both formats use. Weights are stored in `weightTypes`; the other types are read and written as
/// plain arrays.
///
///     DType.bf16.byteCount(shape: [2, 3])     // 12
///     DType.q4K.byteCount(shape: [3, 512])    // 864: three rows of two blocks
///     DType.q4K.byteCount(shape: [512, 3])    // nil: a row is not a whole number of blocks
///
/// - SeeAlso: https://github.com/huggingface/safetensors, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public enum DType: String, CaseIterable, Codable, Sendable {
    /// IEEE single precision.
    case f32 = "F32"
    /// IEEE double precision.
    case f64 = "F64"
    /// IEEE half precision.
    case f16 = "F16"
    /// The upper half of `f32`: its range, 8 significant bits.
    case bf16 = "BF16"

    // Blocks of 32 or 256 values that share scales; GGUF only.
    /// Blocks of 32: 4 bits and a scale.
    case q40 = "Q4_0"
    /// Blocks of 32: 4 bits, a scale and a minimum.
    case q41 = "Q4_1"
    /// Blocks of 32: 5 bits and a scale.
    case q50 = "Q5_0"
    /// Blocks of 32: 5 bits, a scale and a minimum.
    case q51 = "Q5_1"
    /// Blocks of 32: 8 bits and a scale.
    case q80 = "Q8_0"
    /// Blocks of 256: 2 bits, 4-bit scales and minimums of 16.
    case q2K = "Q2_K"
    /// Blocks of 256: 3 bits, 6-bit scales of 16.
    case q3K = "Q3_K"
    /// Blocks of 256: 4 bits, 6-bit scales and minimums of 32.
    case q4K = "Q4_K"
    /// Blocks of 256: 5 bits, 6-bit scales and minimums of 32.
    case q5K = "Q5_K"
    /// Blocks of 256: 6 bits, 8-bit scales of 16.
    case q6K = "Q6_K"
    /// Blocks of 32: a scale and 4 bits that choose from 16 uneven levels.
    case iq4NL = "IQ4_NL"

    // Safetensors only.
    /// A byte that is 0 or 1.
    case bool = "BOOL"
    /// Unsigned, 8 bits.
    case u8 = "U8"
    /// Signed, 8 bits.
    case i8 = "I8"
    /// Unsigned, 16 bits.
    case u16 = "U16"
    /// Signed, 16 bits.
    case i16 = "I16"
    /// Unsigned, 32 bits.
    case u32 = "U32"
    /// Signed, 32 bits.
    case i32 = "I32"
    /// Unsigned, 64 bits.
    case u64 = "U64"
    /// Signed, 64 bits.
    case i64 = "I64"
    /// A complex number of two `f32`.
    case c64 = "C64"
    /// 4-bit floats of the OCP microscaling formats.
    case f4 = "F4"
    /// 6-bit floats, 2 bits of exponent.
    case f6e2m3 = "F6_E2M3"
    /// 6-bit floats, 3 bits of exponent.
    case f6e3m2 = "F6_E3M2"
    /// 8-bit floats, 5 bits of exponent.
    case f8e5m2 = "F8_E5M2"
    /// 8-bit floats, 4 bits of exponent, without infinities.
    case f8e4m3 = "F8_E4M3"
    /// 8-bit powers of two: scales of the OCP microscaling formats.
    case f8e8m0 = "F8_E8M0"
    /// 8-bit floats, 4 bits of exponent, without infinities and negative zero.
    case f8e4m3fnuz = "F8_E4M3FNUZ"
    /// 8-bit floats, 5 bits of exponent, without infinities and negative zero.
    case f8e5m2fnuz = "F8_E5M2FNUZ"

    /// The types in which weights can be read.
    public static let weightTypes: [DType] = [
        .f32, .f64, .f16, .bf16, .q40, .q41, .q50, .q51, .q80, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL,
    ]

    /// Bits of a block, and values in it.
    private var block: (bits: Int, values: Int) {
        switch self {
        case .f4: (4, 1)
        case .f6e2m3, .f6e3m2: (6, 1)
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: (8, 1)
        case .f16, .bf16, .u16, .i16: (16, 1)
        case .f32, .u32, .i32: (32, 1)
        case .f64, .u64, .i64, .c64: (64, 1)
        case .q40, .iq4NL: (18 * 8, 32)
        case .q41: (20 * 8, 32)
        case .q50: (22 * 8, 32)
        case .q51: (24 * 8, 32)
        case .q80: (34 * 8, 32)
        case .q2K: (84 * 8, 256)
        case .q3K: (110 * 8, 256)
        case .q4K: (144 * 8, 256)
        case .q5K: (176 * 8, 256)
        case .q6K: (210 * 8, 256)
        }
    }

    /// Values that are stored together: 1, or 32 or 256 for block-quantized types. A row holds whole blocks.
    public var valuesPerBlock: Int { block.values }

    /// Bytes of a block. Four- and six-bit floats have no whole number of bytes: use `byteCount(_:)`.
    public var bytesPerBlock: Int {
        let bits = block.bits
        precondition(bits % 8 == 0, "an element of \(rawValue) has \(bits) bits")
        return bits / 8
    }

    /// Bytes of `count` values; nil if they are not whole blocks and bytes, or there are more than an `Int` can count.
    public func byteCount(_ count: Int) -> Int? {
        let (bits, values) = block
        guard count >= 0, count % values == 0 else { return nil }
        let isWhole = bits % 8 == 0
        let (total, overflow) = (count / values).multipliedReportingOverflow(by: isWhole ? bits / 8 : bits)
        if overflow || isWhole { return overflow ? nil : total }
        return total % 8 == 0 ? total / 8 : nil
    }

    /// Bytes of a tensor, row after row; nil if its rows are not whole blocks, its bytes not whole, or there are more than an
    /// `Int` can count.
    ///
    /// - Parameter shape: extents, outermost first; none for a scalar
    public func byteCount(shape: [Int]) -> Int? {
        guard (shape.last ?? 0) % valuesPerBlock == 0 else { return nil }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        return shape.isEmpty && valuesPerBlock > 1 ? nil : byteCount(count)
    }
}
