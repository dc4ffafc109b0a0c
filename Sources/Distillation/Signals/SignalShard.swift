import Checkpoints
import Foundation
import Support

// R records, P kept positions of all of them, N tokens, h head entries a position (k of a top-k signal), V vocabulary.

/// One labelled document: its tokens, its kept positions, and what the teacher said there.
struct SignalRecord {
    let key: RecordKey
    let ids: [Int32]
    /// Rows whose next token is a target, rising.
    let positions: [Int32]
    let entries: [PositionEntries]
}

/// One file of a signal cache, as columns.
///
/// | tensor | type | shape |
/// |---|---|---|
/// | keys | U8 | [R, 16] |
/// | token_bounds, position_bounds | I64 | [R + 1] |
/// | tokens, positions | I32 | [N], [P] |
/// | head_ids, head_codes | U32 or U16, U16 | [P, h] |
/// | tail_codes | U16 | [P], the mass outside the head |
/// | tail_bounds | I64 | [P + 1], sampled only |
/// | tail_ids, tail_draws | U32 or U16, U16 | [entries], sampled only |
/// | entropies | U16 | [P], sampled only |
struct SignalShard {
    private let kind: SparseKind
    private let temperature: Float
    let keys: [RecordKey]
    private let tokenBounds: [Int64]
    private let tokens: [Int32]
    private let positionBounds: [Int64]
    private let positions: [Int32]
    private let headIDs: [UInt32]
    private let headCodes: [UInt16]
    private let tailCodes: [UInt16]
    private let tailBounds: [Int64]
    private let tailIDs: [UInt32]
    private let tailDraws: [UInt16]
    private let entropies: [UInt16]

    private static func headSize(_ kind: SparseKind, vocabulary: Int) -> Int {
        switch kind {
        case .topK(let k): min(k, vocabulary)
        case .sampled(let head, _): min(head, vocabulary)
        }
    }

    // MARK: - Writing

    static func write(_ records: [SignalRecord], kind: SparseKind, vocabulary: Int, to url: URL) throws {
        let entries = records.flatMap(\.entries)
        let head = headSize(kind, vocabulary: vocabulary)
        func bounds(_ counts: [Int]) -> [Int64] {
            counts.reduce(into: [0]) { $0.append($0.last! + Int64($1)) }
        }
        func identifiers(_ name: String, _ ids: [Int32], shape: [Int]) -> SafetensorsEntry {
            vocabulary <= 1 << 16
                ? SafetensorsEntry(name: name, shape: shape, values: ids.map(UInt16.init))
                : SafetensorsEntry(name: name, shape: shape, values: ids.map(UInt32.init))
        }
        let tokens = records.flatMap(\.ids)
        let positions = records.flatMap(\.positions)
        var columns = [
            SafetensorsEntry(
                name: "keys", shape: [records.count, RecordKey.size], values: records.flatMap(\.key.bytes)),
            SafetensorsEntry(
                name: "token_bounds", shape: [records.count + 1], values: bounds(records.map(\.ids.count))),
            SafetensorsEntry(name: "tokens", shape: [tokens.count], values: tokens),
            SafetensorsEntry(
                name: "position_bounds", shape: [records.count + 1],
                values: bounds(records.map(\.positions.count))),
            SafetensorsEntry(name: "positions", shape: [positions.count], values: positions),
            identifiers("head_ids", entries.flatMap(\.ids), shape: [entries.count, head]),
            SafetensorsEntry(
                name: "head_codes", shape: [entries.count, head],
                values: entries.flatMap { $0.probabilities.map { FixedPoint.code(probability: $0) } }),
            SafetensorsEntry(
                name: "tail_codes", shape: [entries.count],
                values: entries.map { FixedPoint.code(probability: $0.tail) }),
        ]
        if case .sampled = kind {
            let tails = entries.flatMap(\.tailIDs)
            columns += [
                SafetensorsEntry(
                    name: "tail_bounds", shape: [entries.count + 1],
                    values: bounds(entries.map(\.tailIDs.count))),
                identifiers("tail_ids", tails, shape: [tails.count]),
                SafetensorsEntry(
                    name: "tail_draws", shape: [tails.count],
                    values: entries.flatMap { $0.tailCounts.map { UInt16(clamping: $0) } }),
                SafetensorsEntry(
                    name: "entropies", shape: [entries.count],
                    values: entries.map { FixedPoint.code(value: $0.entropy) }),
            ]
        }
        try SafetensorsWriter.write(columns, metadata: ["format": "swift-distill signals"], to: url)
    }

    // MARK: - Reading

    /// - Throws: `UserError` when the file is damaged: a column missing, of another type, out of order or out of range
    init(contentsOf url: URL, kind: SparseKind, temperature: Float, vocabulary: Int) throws {
        let file = try SafetensorsFile(contentsOf: url)
        func broken(_ problem: String) -> UserError {
            UserError(problem, file: url.relativePath, remedy: "label the corpus again")
        }
        func identifiers(_ name: String) throws -> [UInt32] {
            let ids =
                try file.view(name).type == .u16
                ? file.values(name, as: UInt16.self).map(UInt32.init) : file.values(name, as: UInt32.self)
            guard ids.allSatisfy({ $0 < vocabulary }) else {
                throw broken("\(name) holds an id outside the vocabulary")
            }
            return ids
        }
        func bounds(_ name: String, count: Int, end: Int) throws -> [Int64] {
            let bounds = try file.values(name, as: Int64.self)
            guard bounds.count == count + 1, bounds.first == 0, bounds.last == Int64(end),
                zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 })
            else { throw broken("\(name) does not rise from 0 to \(end) over \(count) entries") }
            return bounds
        }
        self.kind = kind
        self.temperature = temperature
        let keyBytes = try file.values("keys", as: UInt8.self)
        keys = stride(from: 0, to: keyBytes.count - RecordKey.size + 1, by: RecordKey.size).map {
            RecordKey(bytes: Array(keyBytes[$0..<$0 + RecordKey.size]))
        }
        tokens = try file.values("tokens", as: Int32.self)
        tokenBounds = try bounds("token_bounds", count: keys.count, end: tokens.count)
        positions = try file.values("positions", as: Int32.self)
        positionBounds = try bounds("position_bounds", count: keys.count, end: positions.count)
        headIDs = try identifiers("head_ids")
        headCodes = try file.values("head_codes", as: UInt16.self)
        tailCodes = try file.values("tail_codes", as: UInt16.self)
        guard headIDs.count == positions.count * Self.headSize(kind, vocabulary: vocabulary),
            headCodes.count == headIDs.count, tailCodes.count == positions.count
        else { throw broken("head_ids, head_codes and tail_codes do not match the positions") }
        guard tokens.allSatisfy({ $0 >= 0 && $0 < vocabulary }) else {
            throw broken("tokens holds an id outside the vocabulary")
        }
        if case .sampled = kind {
            tailIDs = try identifiers("tail_ids")
            tailBounds = try bounds("tail_bounds", count: positions.count, end: tailIDs.count)
            tailDraws = try file.values("tail_draws", as: UInt16.self)
            entropies = try file.values("entropies", as: UInt16.self)
            guard tailDraws.count == tailIDs.count, entropies.count == positions.count else {
                throw broken("the tail's columns do not match each other")
            }
        } else {
            (tailIDs, tailBounds, tailDraws, entropies) = ([], [], [], [])
        }
    }

    func ids(ofRecord record: Int) -> ArraySlice<Int32> {
        tokens[Int(tokenBounds[record])..<Int(tokenBounds[record + 1])]
    }

    func positions(ofRecord record: Int) -> ArraySlice<Int32> {
        positions[Int(positionBounds[record])..<Int(positionBounds[record + 1])]
    }

    /// Adds a record's positions to a signal.
    func append(record: Int, to signal: inout SparseSignal) {
        let head = positions.isEmpty ? 0 : headIDs.count / positions.count
        for position in Int(positionBounds[record])..<Int(positionBounds[record + 1]) {
            let entries = position * head..<(position + 1) * head
            var decoded = PositionEntries()
            decoded.ids = headIDs[entries].map(Int32.init)
            decoded.probabilities = headCodes[entries].map(FixedPoint.probability)
            decoded.tail = FixedPoint.probability(tailCodes[position])
            if case .sampled = kind {
                let tail = Int(tailBounds[position])..<Int(tailBounds[position + 1])
                decoded.tailIDs = tailIDs[tail].map(Int32.init)
                decoded.tailCounts = tailDraws[tail].map(Int.init)
                decoded.entropy = FixedPoint.value(entropies[position])
            }
            signal.append(decoded)
        }
    }
}
