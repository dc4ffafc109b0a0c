import Foundation
import Support
import Tensors

// Labelled records as they are kept in `pending.records` until their shard is written: numbers as they are in memory, so that
// the shard's bytes are those of records that never left it.

extension SignalRecord {
    /// A batch of records as one frame of the log.
    ///
    /// - Parameters:
    ///   - shard: the number of the shard they belong to
    ///   - start: the number of the shard's records before them
    static func frame(_ batch: [SignalRecord], shard: Int, start: Int) -> Data {
        var frame = Data()
        frame.append(array: [Int32(shard), Int32(start)])
        for record in batch { frame.append(record) }
        return frame
    }

    /// The records of a frame; nil where it belongs elsewhere or is not a frame.
    static func records(
        ofFrame frame: Data, shard: Int, start: Int, hidden: HiddenLayers?
    ) -> [SignalRecord]? {
        var reader = RecordReader(frame)
        guard reader.integers() == [Int32(shard), Int32(start)] else { return nil }
        return reader.records(hidden: hidden)
    }
}

extension Data {
    /// Appends the count and the elements, as they are in memory.
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

/// Reads arrays back; nil where the bytes are none.
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
        for _ in layers?.stored ?? [] {
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
