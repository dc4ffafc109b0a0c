import Foundation
import Support
import Tensors

/// The head of a GGUF file: metadata, and what each tensor is and where its bytes lie.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3: magic, version, counts, metadata,
/// descriptions of tensors, padding, data. Everything is checked before anything is allocated by what the file claims.
struct GGUFHeader {
    struct Entry {
        var dtype: DType
        /// Outermost first, the reverse of the file's order.
        var shape: [Int]
        /// Bytes of the file.
        var range: Range<Int>
    }

    private(set) var metadata: [String: GGUFValue] = [:]
    private(set) var entries: [String: Entry] = [:]
    /// In the order of the header.
    private(set) var names: [String] = []

    /// The shortest metadata entry: length of an empty key, type, one byte. The shortest tensor: length of an empty name,
    /// dimensions, one extent, type, offset.
    private static let smallestEntry = (metadata: 13, tensor: 32)
    /// What ggml allows.
    private static let mostDimensions: UInt32 = 4
    private static let longestName = 64

    /// - Throws: `UserError` naming `fileName` and, where one is at fault, the key or tensor.
    init(_ file: UnsafeRawBufferPointer, fileName: String) throws {
        do {
            try parse(file)
        } catch let fault as GGUFCursor.Fault {
            throw UserError(fault.problem, file: fileName, hint: "the file is damaged or not a GGUF file")
        }
    }

    private mutating func parse(_ file: UnsafeRawBufferPointer) throws {
        var cursor = GGUFCursor(file)
        guard file.count >= 4, file.prefix(4).elementsEqual("GGUF".utf8) else {
            throw cursor.fault("the file does not begin with \"GGUF\"")
        }
        _ = try cursor.load(UInt32.self)
        let version = try cursor.load(UInt32.self)
        guard version == 3 else {
            let isSwapped = version.byteSwapped == 3
            throw cursor.fault(isSwapped ? "the file is big-endian" : "GGUF version \(version), not 3")
        }
        let tensors = try cursor.count(of: "tensors", size: Self.smallestEntry.tensor)
        let pairs = try cursor.count(of: "metadata entries", size: Self.smallestEntry.metadata)
        for _ in 0..<pairs {
            let key = try cursor.string()
            let value = try cursor.value(try cursor.type())
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw cursor.fault("the key \"\(key)\" is given twice")
            }
        }
        for _ in 0..<tensors { try readTensor(&cursor) }
        try place(after: cursor.position, fileSize: file.count, alignment: try alignment(cursor))
    }

    private func alignment(_ cursor: GGUFCursor) throws -> Int {
        switch metadata["general.alignment"] {
        case nil: return 32
        case .integer(let value)? where value > 0 && value % 8 == 0 && value <= 1 << 20: return value
        case let value?: throw cursor.fault("general.alignment is \(value.text), no multiple of 8 up to 2^20")
        }
    }

    /// Reads one description; its range counts from the beginning of the data until `place` moves it.
    private mutating func readTensor(_ cursor: inout GGUFCursor) throws {
        let name = try cursor.string()
        guard name.utf8.count <= Self.longestName else {
            throw cursor.fault("a tensor's name has \(name.utf8.count) bytes")
        }
        let dimensions = try cursor.load(UInt32.self)
        guard (1...Self.mostDimensions).contains(dimensions) else {
            throw cursor.fault("tensor \"\(name)\" has \(dimensions) dimensions, not 1 to 4")
        }
        var shape: [Int] = []
        for _ in 0..<dimensions {
            let extent = try cursor.load(UInt64.self)
            guard extent > 0, let extent = Int(exactly: extent) else {
                throw cursor.fault("tensor \"\(name)\" has an extent of \(extent)")
            }
            shape.insert(extent, at: 0)
        }
        let type = try cursor.load(UInt32.self)
        guard let dtype = DType(ggufNumber: type) else {
            let known = DType.weightTypes.map(\.rawValue).joined(separator: ", ")
            let name = "tensor \"\(name)\" has the type \(DType.name(ofUnknown: type))"
            throw cursor.fault("\(name), which is none of \(known)")
        }
        let offset = try cursor.load(UInt64.self)
        guard let size = dtype.byteCount(shape: shape), let start = Int(exactly: offset),
            !start.addingReportingOverflow(size).overflow
        else {
            throw cursor.fault(
                "tensor \"\(name)\" of shape \(shape) and type \(dtype.rawValue) at \(offset) is larger than any "
                    + "file, or no whole blocks")
        }
        let entry = Entry(dtype: dtype, shape: shape, range: start..<start + size)
        guard entries.updateValue(entry, forKey: name) == nil else {
            throw cursor.fault("tensor \"\(name)\" is given twice")
        }
        names.append(name)
    }

    /// Moves ranges behind the header; they must lie in the file, aligned, and apart.
    private mutating func place(after header: Int, fileSize: Int, alignment: Int) throws {
        let start = (header + alignment - 1) / alignment * alignment
        var end = 0
        for name in names.sorted(by: { entries[$0]!.range.lowerBound < entries[$1]!.range.lowerBound }) {
            let range = entries[name]!.range
            func fault(_ problem: String) -> GGUFCursor.Fault {
                GGUFCursor.Fault(
                    problem:
                        "tensor \"\(name)\" takes bytes \(range.lowerBound) to \(range.upperBound) of the data, "
                        + problem)
            }
            guard range.lowerBound % alignment == 0 else { throw fault("not a multiple of \(alignment)") }
            guard range.lowerBound >= end else { throw fault("which overlap another's") }
            guard start <= fileSize, range.upperBound <= fileSize - start else {
                throw fault("of which the file has \(max(0, fileSize - start))")
            }
            end = range.upperBound
            entries[name]!.range = start + range.lowerBound..<start + range.upperBound
        }
    }
}
