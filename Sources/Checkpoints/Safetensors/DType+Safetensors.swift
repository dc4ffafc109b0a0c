import Tensors

extension DType {
    /// The types of the safetensors format in the order in which the reference implementation ranks them: it lays the data of
    /// higher ranks first, so that every tensor is aligned to its element.
    private static let safetensorsOrder: [DType] = [
        .bool, .f4, .f6e2m3, .f6e3m2, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz, .i16,
        .u16,
        .f16, .bf16, .i32, .u32, .f32, .c64, .f64, .i64, .u64,
    ]

    /// The type that a safetensors header names; nil for any other name, block-quantized types among them.
    init?(safetensorsName name: String) {
        guard let type = DType(rawValue: name), type.safetensorsRank != nil else { return nil }
        self = type
    }

    /// Position in the reference implementation's order of types; nil for types that the format does not have.
    var safetensorsRank: Int? { Self.safetensorsOrder.firstIndex(of: self) }

    /// Whether Float32 values are written to safetensors files in this type.
    var isWrittenFromFloats: Bool { [.f32, .bf16, .f16].contains(self) }
}

/// A Swift type whose arrays are stored as they lie in memory (little-endian machines).
public protocol SafetensorsElement: BitwiseCopyable, Sendable {
    /// The file's type for it.
    static var dtype: DType { get }
}

extension Float: SafetensorsElement { public static var dtype: DType { .f32 } }
extension Double: SafetensorsElement { public static var dtype: DType { .f64 } }
extension Int8: SafetensorsElement { public static var dtype: DType { .i8 } }
extension Int16: SafetensorsElement { public static var dtype: DType { .i16 } }
extension Int32: SafetensorsElement { public static var dtype: DType { .i32 } }
extension Int64: SafetensorsElement { public static var dtype: DType { .i64 } }
extension UInt8: SafetensorsElement { public static var dtype: DType { .u8 } }
extension UInt16: SafetensorsElement { public static var dtype: DType { .u16 } }
extension UInt32: SafetensorsElement { public static var dtype: DType { .u32 } }
extension UInt64: SafetensorsElement { public static var dtype: DType { .u64 } }
