import Foundation
import Support

/// The shingle sets of records in a temporary file, 4 bytes a shingle and 12 bytes of memory a record.
struct ShingleStore {
    private let file: ScratchFile
    /// Sets that are not in the file yet.
    private var tail: [UInt32] = []
    /// Shingles in the file.
    private var written = 0
    private var starts: [Int] = []
    private var counts: [UInt32] = []
    /// Shingles that are written at once: 1 MiB.
    private static let tailSize = 1 << 18

    init(in directory: URL) throws { file = try ScratchFile(in: directory) }

    /// The shingles of a set.
    func count(of record: Int) -> Int { Int(counts[record]) }

    mutating func append(_ set: [UInt32]) throws {
        starts.append(written + tail.count)
        counts.append(UInt32(set.count))
        tail += set
        guard tail.count >= Self.tailSize else { return }
        try tail.withUnsafeBytes { try file.append($0) }
        written += tail.count
        tail.removeAll(keepingCapacity: true)
    }

    /// The set of a record.
    func set(of record: Int) throws -> [UInt32] {
        let (start, count) = (starts[record], Int(counts[record]))
        if start >= written { return Array(tail[start - written..<start - written + count]) }
        var set = [UInt32](repeating: 0, count: count)
        try set.withUnsafeMutableBytes { try file.read(into: $0, at: 4 * start) }
        return set
    }
}
