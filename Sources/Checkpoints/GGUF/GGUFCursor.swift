import Foundation
import Support

/// Reads a GGUF header from its beginning on; nothing is believed before it is held against what is left of the file.
struct GGUFCursor {
    /// What is wrong with a file.
    struct Fault: Error { let problem: String }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    /// Lists within lists; the reference writer makes none.
    private static let deepestNesting = 4

    func fault(_ problem: String) -> Fault { Fault(problem: "\(problem), at byte \(position)") }

    mutating func load<T: BitwiseCopyable>(_: T.Type) throws -> T {
        let size = MemoryLayout<T>.size
        guard size <= remaining else { throw fault("the file ends inside its header") }
        defer { position += size }
        return bytes.loadUnaligned(fromByteOffset: position, as: T.self)
    }

    /// A number of things of which each takes at least `size` bytes.
    mutating func count(of things: String, size: Int) throws -> Int {
        let start = position
        let count = try load(UInt64.self)
        guard count <= UInt64(remaining / size) else {
            position = start
            throw fault("\(count) \(things) are claimed, more than the file can hold")
        }
        return Int(count)
    }

    mutating func string() throws -> String {
        let length = try count(of: "bytes of text", size: 1)
        let text = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
        guard let result = String(validating: text, as: UTF8.self) else {
            throw fault("a text that is not UTF-8")
        }
        position += length
        return result
    }

    mutating func type() throws -> GGUFValueType {
        let start = position
        let number = try load(UInt32.self)
        guard let type = GGUFValueType(rawValue: number) else {
            position = start
            throw fault("unknown value type \(number)")
        }
        return type
    }

    mutating func value(_ type: GGUFValueType, depth: Int = 0) throws -> GGUFValue {
        switch type {
        case .uint8: return .integer(Int(try load(UInt8.self)))
        case .int8: return .integer(Int(try load(Int8.self)))
        case .uint16: return .integer(Int(try load(UInt16.self)))
        case .int16: return .integer(Int(try load(Int16.self)))
        case .uint32: return .integer(Int(try load(UInt32.self)))
        case .int32: return .integer(Int(try load(Int32.self)))
        case .int64: return .integer(Int(try load(Int64.self)))
        case .uint64:
            let value = try load(UInt64.self)
            return Int(exactly: value).map { .integer($0) } ?? .large(value)
        case .float32: return .number(Double(try load(Float.self)))
        case .float64: return .number(try load(Double.self))
        case .bool: return .boolean(try load(UInt8.self) != 0)
        case .string: return .string(try string())
        case .array: return .array(try array(depth: depth))
        }
    }

    private mutating func array(depth: Int) throws -> GGUFArray {
        guard depth < Self.deepestNesting else { throw fault("lists nested deeper than \(depth)") }
        let type = try type()
        let count = try count(of: "list elements", size: type.smallestSize)
        let start = position
        switch type {
        case .string: for _ in 0..<count { try skipString() }
        case .array: for _ in 0..<count { _ = try array(depth: depth + 1) }
        default: position += count * type.smallestSize
        }
        return GGUFArray(type: type, count: count, bytes: Data(bytes[start..<position]))
    }

    private mutating func skipString() throws {
        position += try count(of: "bytes of text", size: 1)
    }
}
