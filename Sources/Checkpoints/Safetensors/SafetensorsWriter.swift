import Foundation
import Support
import Tensors

/// A tensor to be written: what it is, and how to write its bytes when their turn comes.
public struct SafetensorsEntry {
    /// The tensor's name.
    public let name: String
    /// The type of its elements.
    public let type: DType
    /// Extents, outermost first.
    public let shape: [Int]
    let write: (inout FileWriter) throws -> Void

    /// - Parameter write: Writes exactly the tensor's bytes, row by row, little-endian. It runs once, while the file
    ///   is written; only what it needs at that moment is in memory.
    public init(
        name: String, type: DType, shape: [Int], write: @escaping (inout FileWriter) throws -> Void
    ) {
        precondition(name != "__metadata__", "the format keeps the name __metadata__ for itself")
        precondition(
            type.safetensorsRank != nil && type.byteCount(shape: shape) != nil,
            "\(name): no tensor has the shape \(shape)")
        self.name = name
        self.type = type
        self.shape = shape
        self.write = write
    }

    /// An array, in the type that corresponds to Swift's.
    public init<Element: SafetensorsElement>(name: String, shape: [Int], values: [Element]) {
        precondition(
            shape.reduce(1, *) == values.count, "\(name): \(shape) does not hold \(values.count) values")
        self.init(name: name, type: Element.dtype, shape: shape) { writer in
            try values.withUnsafeBytes { try writer.write($0) }
        }
    }

    /// A tensor, or some of its rows, rounded to `type`: F32, BF16 or F16.
    /// - Parameter rows: Along the first axis; all, if nil.
    public init(name: String, tensor: Tensor, rows: Range<Int>? = nil, as type: DType = .f32) {
        precondition(type.isWrittenFromFloats, "\(name): floats are not stored as \(type.rawValue)")
        var shape = tensor.shape
        if let rows { shape[0] = rows.count }
        let width = tensor.shape.dropFirst().reduce(1, *)
        let elements = rows.map { $0.lowerBound * width..<$0.upperBound * width } ?? 0..<tensor.count
        self.init(name: name, type: type, shape: shape) { writer in
            try tensor.withUnsafeFloats { floats in
                try Self.write(.init(rebasing: floats[elements]), as: type, to: &writer)
            }
        }
    }

    static func write(
        _ floats: UnsafeBufferPointer<Float>, as type: DType, to writer: inout FileWriter
    ) throws {
        if type == .f32 { return try writer.write(UnsafeRawBufferPointer(floats)) }
        // Small enough to stay in the second-level cache between rounding and writing.
        let step = 1 << 16
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: step * type.bytesPerBlock, alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: floats.count, by: step) {
            let piece = UnsafeBufferPointer(rebasing: floats[start..<min(start + step, floats.count)])
            let rounded = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<(piece.count * type.bytesPerBlock)])
            Quantizer.quantize(
                piece.baseAddress!, count: piece.count, to: type, into: rounded.baseAddress!)
            try writer.write(UnsafeRawBufferPointer(rounded))
        }
    }
}

/// Writes safetensors files: streaming, atomic, and the same bytes for the same tensors.
public enum SafetensorsWriter {
    /// Writes `entries` to `url`. The data is laid out as the reference implementation does it, by falling rank
    /// of type and then by name, so that every tensor is aligned to its element.
    ///
    /// - Parameter metadata: Texts for the header; PyTorch's readers look for `format: pt`.
    /// - Throws: `UserError` naming the file if it cannot be written, and what the entries throw.
    public static func write(_ entries: [SafetensorsEntry], metadata: [String: String] = [:], to url: URL)
        throws
    {
        precondition(Set(entries.map(\.name)).count == entries.count, "two tensors of one name")
        let ordered = entries.sorted {
            $0.type != $1.type
                ? $0.type.safetensorsRank! > $1.type.safetensorsRank!
                : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        try AtomicFile.write(to: url) { writer in
            let header = header(ordered, metadata)
            try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try writer.write($0) }
            try writer.write(header)
            for entry in ordered {
                let end = writer.position + entry.type.byteCount(shape: entry.shape)!
                try entry.write(&writer)
                precondition(writer.position == end, "\(entry.name): its bytes do not fill its shape")
            }
        }
    }

    /// The header's JSON, padded with spaces so that the data begins at a multiple of 8 bytes.
    private static func header(_ entries: [SafetensorsEntry], _ metadata: [String: String]) -> String {
        var fields: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            fields.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var offset = 0
        for entry in entries {
            let end = offset + entry.type.byteCount(shape: entry.shape)!
            let shape = entry.shape.map(String.init).joined(separator: ",")
            fields.append(
                "\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        let json = "{\(fields.joined(separator: ","))}"
        return json + String(repeating: " ", count: (8 - json.utf8.count % 8) % 8)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
