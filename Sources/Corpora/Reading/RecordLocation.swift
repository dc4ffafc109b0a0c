/// Where a record of a corpus is written.
public struct RecordLocation: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file, as the user named it.
    public let file: String
    /// The one-based line; of a text, its first.
    public let line: Int

    /// A location.
    public init(file: String, line: Int) { (self.file, self.line) = (file, line) }

    /// `file:line`.
    public var description: String { "\(file):\(line)" }
}

/// The locations of many records, 8 bytes each.
struct RecordLocations {
    private var files: [String] = []
    private var indices: [UInt32] = []
    private var lines: [UInt32] = []

    var count: Int { lines.count }

    mutating func append(_ location: RecordLocation) {
        if files.last != location.file { files.append(location.file) }
        indices.append(UInt32(files.count - 1))
        lines.append(UInt32(clamping: location.line))
    }

    subscript(index: Int) -> RecordLocation {
        RecordLocation(file: files[Int(indices[index])], line: Int(lines[index]))
    }
}
