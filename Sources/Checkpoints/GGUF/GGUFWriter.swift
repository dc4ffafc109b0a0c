import Foundation
import Support
import Tensors

/// Writes GGUF files, version 3: streaming, atomic, and the same bytes for the same model.
struct GGUFWriter {
    /// A tensor to be written, and how to write its bytes when their turn comes.
    struct Entry {
        let name: String
        /// Outermost extent first.
        let shape: [Int]
        let dtype: DType
        let write: (inout FileWriter) throws -> Void
    }

    private static let alignment = 32
    private var pairs: [(key: String, type: GGUFValueType, value: [UInt8])] = []
    private var entries: [Entry] = []

    mutating func add(_ key: String, _ value: String) { pairs.append((key, .string, Self.text(value))) }
    mutating func add(_ key: String, _ value: Bool) { pairs.append((key, .bool, [value ? 1 : 0])) }
    mutating func add(_ key: String, _ value: Int) {
        pairs.append((key, .uint32, Self.bytes(UInt32(value))))
    }
    mutating func add(_ key: String, _ value: Double) {
        pairs.append((key, .float32, Self.bytes(Float(value).bitPattern)))
    }
    mutating func add(_ key: String, _ values: [String]) {
        add(key, list: .string, values.count, values.flatMap(Self.text))
    }
    mutating func add(_ key: String, _ values: [Float]) {
        add(key, list: .float32, values.count, values.flatMap { Self.bytes($0.bitPattern) })
    }
    mutating func add(_ key: String, _ values: [Int32]) {
        add(key, list: .int32, values.count, values.flatMap(Self.bytes))
    }
    mutating func add(_ key: String, _ values: [Bool]) {
        add(key, list: .bool, values.count, values.map { $0 ? 1 : 0 })
    }
    mutating func add(_ key: String, bytes values: Data) {
        add(key, list: .uint8, values.count, Array(values))
    }
    mutating func add(_ entry: Entry) { entries.append(entry) }

    private mutating func add(_ key: String, list type: GGUFValueType, _ count: Int, _ elements: [UInt8]) {
        pairs.append((key, .array, Self.bytes(type.rawValue) + Self.bytes(UInt64(count)) + elements))
    }

    private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + text.utf8 }

    /// - Throws: `UserError` naming the file if it cannot be written, and what the entries throw.
    func write(to url: URL) throws {
        var header = Array("GGUF".utf8) + Self.bytes(UInt32(3))
        header += Self.bytes(UInt64(entries.count)) + Self.bytes(UInt64(pairs.count))
        for (key, type, value) in pairs { header += Self.text(key) + Self.bytes(type.rawValue) + value }
        var offset = 0
        for entry in entries {
            header += Self.text(entry.name) + Self.bytes(UInt32(entry.shape.count))
            for extent in entry.shape.reversed() { header += Self.bytes(UInt64(extent)) }
            header += Self.bytes(entry.dtype.ggufNumber) + Self.bytes(UInt64(offset))
            offset += Self.padded(entry.dtype.byteCount(shape: entry.shape)!)
        }
        header += [UInt8](repeating: 0, count: Self.padded(header.count) - header.count)
        try AtomicFile.write(to: url) { writer in
            try writer.write(Data(header))
            for entry in entries {
                let end = writer.position + entry.dtype.byteCount(shape: entry.shape)!
                try entry.write(&writer)
                precondition(writer.position == end, "\(entry.name): its bytes do not fill its shape")
                try writer.write(Data(count: Self.padded(end) - end))
            }
        }
    }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
