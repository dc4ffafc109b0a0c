import Foundation

/// A value of a GGUF file's metadata.
enum GGUFValue: Sendable {
    /// All widths, signed and unsigned.
    case integer(Int)
    /// An unsigned number beyond `Int`.
    case large(UInt64)
    /// Float32 and Float64.
    case number(Double)
    case boolean(Bool)
    case string(String)
    case array(GGUFArray)

    /// The value in a message.
    var text: String {
        switch self {
        case .integer(let value): "\(value)"
        case .large(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .string(let value): value.count <= 80 ? "\"\(value)\"" : "\"\(value.prefix(80))…\""
        case .array(let array): "a list of \(array.count)"
        }
    }
}

/// A list in a GGUF file's metadata, left in the file until it is asked for: vocabularies have hundreds of thousands of
/// entries.
struct GGUFArray: Sendable {
    let type: GGUFValueType
    let count: Int
    /// The elements as they are encoded.
    let bytes: Data

    /// The elements as texts; nil if they are something else or not UTF-8.
    var strings: [String]? {
        guard type == .string else { return nil }
        return bytes.withUnsafeBytes { buffer in
            var cursor = GGUFCursor(buffer)
            var result: [String] = []
            result.reserveCapacity(count)
            for _ in 0..<count {
                guard let text = try? cursor.string() else { return nil }
                result.append(text)
            }
            return result
        }
    }

    /// The last element as a number; nil if it is something else.
    var lastNumber: Double? {
        guard type != .string, type != .array, count > 0 else { return nil }
        return GGUFArray(type: type, count: 1, bytes: bytes.suffix(type.smallestSize)).numbers?.first
    }

    /// The elements as numbers; nil if they are something else.
    var numbers: [Double]? {
        guard type != .string, type != .array, type != .bool else { return nil }
        return bytes.withUnsafeBytes { buffer in
            var cursor = GGUFCursor(buffer)
            var result: [Double] = []
            result.reserveCapacity(count)
            for _ in 0..<count {
                switch try? cursor.value(type) {
                case .integer(let value)?: result.append(Double(value))
                case .large(let value)?: result.append(Double(value))
                case .number(let value)?: result.append(value)
                default: return nil
                }
            }
            return result
        }
    }
}

/// The types of metadata values; the raw value is the format's number for it.
enum GGUFValueType: UInt32, CaseIterable, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// The fewest bytes that a value takes.
    var smallestSize: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}
