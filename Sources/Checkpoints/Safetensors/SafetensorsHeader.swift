import Support
import Tensors

/// The header of a safetensors file: what each tensor is and where its bytes lie.
///
/// Format: https://github.com/huggingface/safetensors: eight bytes with the header's length (little-endian), the
/// header in JSON, the data. The data must be covered by the tensors without holes or overlaps.
struct SafetensorsHeader {
    struct Entry {
        var type: DType
        var shape: [Int]
        /// Bytes of the file.
        var range: Range<Int>
    }

    /// The reference implementation's limit.
    static let longestHeader = 100_000_000

    private(set) var entries: [String: Entry] = [:]
    /// In the order of the data.
    private(set) var names: [String] = []
    private(set) var metadata: [String: String] = [:]

    /// Parses and checks the header at the start of `file`, all that is known of the tensors before any is read.
    /// - Throws: `UserError` naming `fileName` and, where one is at fault, the tensor.
    init(_ file: UnsafeRawBufferPointer, fileName: String) throws {
        do {
            try parse(file)
        } catch let fault as HeaderScanner.Fault {
            throw UserError(
                fault.problem, file: fileName, hint: "the file is damaged or not a safetensors file")
        }
    }

    private mutating func parse(_ file: UnsafeRawBufferPointer) throws {
        guard file.count >= 8 else {
            throw Self.fault("only \(file.count) bytes long, too short for a header")
        }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= Self.longestHeader else {
            let start = file[0..<8]
            if start.allSatisfy({ (0x20...0x7E).contains($0) }) {
                throw Self.fault(
                    "begins with the text \"\(String(decoding: start, as: UTF8.self))\", not with a header")
            }
            if start.prefix(2).elementsEqual("PK".utf8) {
                throw Self.fault("is a zip archive, as PyTorch's pickled checkpoints are")
            }
            throw Self.fault(
                "a header of \(length) bytes is claimed, above the limit of \(Self.longestHeader)")
        }
        guard length <= file.count - 8 else {
            throw Self.fault("a header of \(length) bytes is claimed in a file of \(file.count)")
        }
        let header = UnsafeRawBufferPointer(rebasing: file[8..<8 + Int(length)])
        guard header.first == UInt8(ascii: "{") else {
            throw Self.fault("the header does not begin with \"{\"")
        }
        if let place = UTF8Validation.firstFault(in: header) {
            throw Self.fault("not valid UTF-8 at byte \(place + 1) of the header")
        }
        let start = 8 + header.count
        var scanner = HeaderScanner(header)
        try scanner.object { key, scanner in
            if key == "__metadata__" {
                try scanner.object { name, scanner in metadata[name] = try scanner.string() }
            } else {
                entries[key] = try Self.entry(key, &scanner, dataStart: start, fileSize: file.count)
            }
        }
        try scanner.expectEnd()
        try arrange(from: start, to: file.count)
    }

    private static func entry(
        _ name: String, _ scanner: inout HeaderScanner, dataStart: Int, fileSize: Int
    ) throws -> Entry {
        var typeName: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { key, scanner in
            switch key {
            case "dtype": typeName = try scanner.string()
            case "shape": shape = try scanner.sizes()
            case "data_offsets": offsets = try scanner.sizes()
            default: throw scanner.fault("tensor \"\(name)\" has the unknown key \"\(key)\"")
            }
        }
        guard let typeName, let shape, let offsets else {
            throw fault("tensor \"\(name)\" lacks dtype, shape or data_offsets")
        }
        guard let type = DType(safetensorsName: typeName) else {
            throw fault("tensor \"\(name)\" has the unknown dtype \"\(typeName)\"")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= fileSize - dataStart else {
            throw fault(
                "tensor \"\(name)\" has data_offsets \(offsets), outside the \(fileSize - dataStart) bytes of data"
            )
        }
        guard let size = type.byteCount(shape: shape) else {
            throw fault("tensor \"\(name)\" of shape \(shape) is larger than any file, or no whole bytes")
        }
        guard size == offsets[1] - offsets[0] else {
            throw fault(
                "tensor \"\(name)\" of shape \(shape) and dtype \(typeName) takes \(size) bytes, "
                    + "but its data_offsets \(offsets) span \(offsets[1] - offsets[0])")
        }
        return Entry(type: type, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    /// Orders the tensors by their data, which must cover the file from `start` to `end`.
    private mutating func arrange(from start: Int, to end: Int) throws {
        let bounds = entries.map { (name: $0.key, range: $0.value.range) }
        let ordered = bounds.sorted {
            ($0.range.lowerBound, $0.range.upperBound, $0.name)
                < ($1.range.lowerBound, $1.range.upperBound, $1.name)
        }
        var position = start
        for (name, range) in ordered {
            guard range.lowerBound == position else {
                let what =
                    range.lowerBound < position ? "overlaps the one before it" : "follows a hole in the data"
                throw Self.fault("tensor \"\(name)\" \(what)")
            }
            position = range.upperBound
        }
        guard position == end else {
            throw Self.fault("\(end - position) bytes at the end belong to no tensor")
        }
        names = ordered.map(\.name)
    }

    private static func fault(_ problem: String) -> HeaderScanner.Fault {
        HeaderScanner.Fault(problem: problem)
    }
}
