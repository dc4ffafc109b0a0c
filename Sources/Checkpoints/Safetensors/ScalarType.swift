/// The element types of the safetensors format. The raw value is the format's name for it.
///
/// The cases stand in the order in which the reference implementation ranks them: it lays the data of
/// higher ranks first, so that every tensor is aligned to its element.
public enum ScalarType: String, CaseIterable, Codable, Sendable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6e2m3 = "F6_E2M3"
    case f6e3m2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8e5m2 = "F8_E5M2"
    case f8e4m3 = "F8_E4M3"
    case f8e8m0 = "F8_E8M0"
    case f8e4m3fnuz = "F8_E4M3FNUZ"
    case f8e5m2fnuz = "F8_E5M2FNUZ"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    /// Bits of an element.
    public var bits: Int {
        switch self {
        case .f4: 4
        case .f6e2m3, .f6e3m2: 6
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// Bytes of a tensor of this type; nil if they cannot be counted in an `Int` or do not come out whole.
    public func byteCount(shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: bits)
        return overflow || total % 8 != 0 ? nil : total / 8
    }

    /// SourceLocation in the reference implementation's order of types.
    var rank: Int { Self.allCases.firstIndex(of: self)! }
}

/// A Swift type whose arrays are stored as they lie in memory (little-endian machines).
public protocol SafetensorsElement: BitwiseCopyable, Sendable {
    static var scalarType: ScalarType { get }
}

extension Float: SafetensorsElement { public static var scalarType: ScalarType { .f32 } }
extension Double: SafetensorsElement { public static var scalarType: ScalarType { .f64 } }
extension Int8: SafetensorsElement { public static var scalarType: ScalarType { .i8 } }
extension Int16: SafetensorsElement { public static var scalarType: ScalarType { .i16 } }
extension Int32: SafetensorsElement { public static var scalarType: ScalarType { .i32 } }
extension Int64: SafetensorsElement { public static var scalarType: ScalarType { .i64 } }
extension UInt8: SafetensorsElement { public static var scalarType: ScalarType { .u8 } }
extension UInt16: SafetensorsElement { public static var scalarType: ScalarType { .u16 } }
extension UInt32: SafetensorsElement { public static var scalarType: ScalarType { .u32 } }
extension UInt64: SafetensorsElement { public static var scalarType: ScalarType { .u64 } }
