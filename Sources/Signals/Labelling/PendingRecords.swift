import Foundation
import Support
import Tensors

/// The labelled records of the shard that is not written yet, in `pending.records`: what a full disk or a kill costs is one
/// batch, not a shard. The shard's bytes are those of records that never left memory.
final class PendingRecords {
    private let log: FrameLog
    private let shard: Int
    /// Records of the shard so far, in whole batches.
    private(set) var records: [SignalRecord] = []

    /// Opens what an interrupted run left of a shard, nothing at first.
    ///
    /// - Parameters:
    ///   - shard: its number; records of another one are dropped
    ///   - count: documents of the shard
    ///   - hidden: layers whose states are kept
    init(in directory: URL, shard: Int, count: Int, hidden: HiddenLayers?) throws {
        self.shard = shard
        var found: [SignalRecord] = []
        log = try FrameLog(at: Self.url(in: directory)) { frame in
            var reader = RecordReader(frame)
            guard reader.integers() == [Int32(shard), Int32(found.count)],
                let batch = reader.records(hidden: hidden), found.count + batch.count <= count
            else { return false }
            found += batch
            return true
        }
        records = found
    }

    static func url(in directory: URL) -> URL { directory.appendingPathComponent("pending.records") }

    /// Adds the records of a batch.
    func append(_ batch: [SignalRecord]) throws {
        var frame = Data()
        frame.append(array: [Int32(shard), Int32(records.count)])
        for record in batch { frame.append(record) }
        try log.append(frame)
        records += batch
    }

    /// Drops the records, whose shard is written.
    func remove() throws { try log.remove() }
}

extension Data {
    /// Its count and its elements, as they lie in memory.
    fileprivate mutating func append<Element: BitwiseCopyable>(array: [Element]) {
        Swift.withUnsafeBytes(of: UInt32(array.count).littleEndian) { append(contentsOf: $0) }
        array.withUnsafeBytes { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ record: SignalRecord) {
        append(array: record.key.bytes)
        append(array: record.ids)
        append(array: record.positions)
        let entries = record.entries
        append(array: entries.map { Int32($0.ids.count) })
        append(array: entries.flatMap(\.ids))
        append(array: entries.flatMap(\.probabilities))
        append(array: entries.map { Int32($0.tailIDs.count) })
        append(array: entries.flatMap(\.tailIDs))
        append(array: entries.flatMap { $0.tailCounts.map(Int32.init) })
        append(array: entries.map(\.tail))
        append(array: entries.map(\.entropy))
        for states in record.hidden { append(array: states.values) }
    }
}

/// Reads arrays back; nil where the bytes are not such.
private struct RecordReader {
    private var rest: Data

    init(_ data: Data) { rest = data }

    private mutating func array<Element: BitwiseCopyable>(_ zero: Element) -> [Element]? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        let size = count * MemoryLayout<Element>.stride
        guard rest.count - 4 >= size else { return nil }
        var result = [Element](repeating: zero, count: count)
        let bytes = rest.dropFirst(4).prefix(size)
        result.withUnsafeMutableBytes { _ = bytes.copyBytes(to: $0) }
        rest = rest.dropFirst(4 + size)
        return result
    }

    mutating func integers() -> [Int32]? { array(0) }

    private mutating func floats() -> [Float]? { array(0) }

    mutating func records(hidden: HiddenLayers?) -> [SignalRecord]? {
        var records: [SignalRecord] = []
        while !rest.isEmpty {
            guard let record = record(hidden: hidden) else { return nil }
            records.append(record)
        }
        return records
    }

    private mutating func record(hidden layers: HiddenLayers?) -> SignalRecord? {
        guard let key = array(UInt8(0)), key.count == RecordKey.size, let ids = integers(),
            let positions = integers(), let entries = entries(positions.count)
        else { return nil }
        var hidden: [Tensor] = []
        for _ in layers?.kept ?? [] {
            guard let values = floats(), values.count == positions.count * layers!.width else { return nil }
            hidden.append(Tensor(shape: [positions.count, layers!.width], values: values))
        }
        return SignalRecord(
            key: RecordKey(bytes: key), ids: ids, positions: positions, entries: entries, hidden: hidden)
    }

    private mutating func entries(_ count: Int) -> [PositionEntries]? {
        guard let headCounts = integers(), let ids = integers(), let probabilities = floats(),
            let tailCounts = integers(), let tailIDs = integers(), let draws = integers(),
            let tails = floats(), let entropies = floats(),
            [headCounts.count, tailCounts.count, tails.count, entropies.count].allSatisfy({ $0 == count }),
            headCounts.reduce(0, { $0 + Int($1) }) == ids.count, probabilities.count == ids.count,
            tailCounts.reduce(0, { $0 + Int($1) }) == tailIDs.count, draws.count == tailIDs.count
        else { return nil }
        var (head, tail) = (0, 0)
        return (0..<count).map { position in
            let heads = head..<head + Int(headCounts[position])
            let drawn = tail..<tail + Int(tailCounts[position])
            (head, tail) = (heads.upperBound, drawn.upperBound)
            var entries = PositionEntries()
            entries.ids = Array(ids[heads])
            entries.probabilities = Array(probabilities[heads])
            entries.tailIDs = Array(tailIDs[drawn])
            entries.tailCounts = draws[drawn].map(Int.init)
            entries.tail = tails[position]
            entries.entropy = entropies[position]
            return entries
        }
    }
}
