import Checkpoints
import Foundation
import Support
import Tensors

// R records, P kept positions of all of them, N tokens, k entries a position of a top-k signal, C width of the teacher.

/// One file of a signal cache, as columns.
///
/// | tensor | type | shape |
/// |---|---|---|
/// | keys | U8 | [R, 16] |
/// | token_counts | U32 | [R], tokens of each record |
/// | tokens | id | [N] |
/// | targets | U8 | [⌈N/8⌉], a bit a token; a position is the row before a target |
/// | head_ids, head_codes | id, U16 | [entries]: k a position, or what head_counts says |
/// | tail_codes | U16 | [P], the mass outside the head |
/// | head_counts, tail_counts | count | [P], sampled only |
/// | tail_ids, tail_draws | id, count | [entries], sampled only |
/// | entropies | U16 | [P], sampled only |
/// | hidden_LAYER | BF16 | [P, C], for each layer whose hidden states are kept |
///
/// Ids and counts have the smallest of U8, U16 and U32 that holds the largest there can be.
struct SignalShard {
    private let kind: SparseKind
    private let temperature: Float
    let keys: [RecordKey]
    private let tokens: [Int32]
    /// Bounds of each record's tokens and positions: R + 1 values.
    private let tokenBounds: [Int]
    private let positionBounds: [Int]
    private let positions: [Int32]
    /// Bounds of each position's entries: P + 1 values; those of the tail for sampled signals alone.
    private let headBounds: [Int]
    private let tailBounds: [Int]
    private let headIDs: [Int32]
    private let headCodes: [UInt16]
    private let tailCodes: [UInt16]
    private let tailIDs: [Int32]
    private let tailDraws: [Int32]
    private let entropies: [UInt16]
    /// For each layer that is kept; they stay in the file.
    private let hidden: [SafetensorsFile.View]

    static func hiddenName(_ layer: Int) -> String { "hidden_\(layer)" }

    /// - Throws: `UserError` when the file is damaged: a column missing, of another type, out of order or out of range
    init(
        contentsOf url: URL, kind: SparseKind, temperature: Float, vocabulary: Int,
        hidden: HiddenLayers? = nil
    ) throws {
        let columns = try ShardColumns(contentsOf: url)
        self.kind = kind
        self.temperature = temperature
        keys = try columns.keys()
        tokens = try columns.numbers("tokens", below: vocabulary)
        tokenBounds = try columns.bounds("token_counts", count: keys.count, end: tokens.count)
        (positions, positionBounds) = try columns.positions(tokenBounds)
        self.hidden = try columns.hidden(hidden, positions: positions.count)
        headIDs = try columns.numbers("head_ids", below: vocabulary)
        headCodes = try columns.codes("head_codes", count: headIDs.count)
        tailCodes = try columns.codes("tail_codes", count: positions.count)
        switch kind {
        case .topK(let k):
            let k = min(k, vocabulary)
            guard headIDs.count == positions.count * k else {
                throw columns.broken("head_ids does not hold \(k) entries a position")
            }
            headBounds = (0...positions.count).map { $0 * k }
            (tailIDs, tailBounds, tailDraws, entropies) = ([], [], [], [])
        case .sampled(_, let draws):
            headBounds = try columns.bounds("head_counts", count: positions.count, end: headIDs.count)
            tailIDs = try columns.numbers("tail_ids", below: vocabulary)
            tailBounds = try columns.bounds("tail_counts", count: positions.count, end: tailIDs.count)
            tailDraws = try columns.numbers("tail_draws", below: draws + 1)
            entropies = try columns.codes("entropies", count: positions.count)
            guard tailDraws.count == tailIDs.count, tailDraws.allSatisfy({ $0 > 0 }) else {
                throw columns.broken("tail_draws does not match tail_ids")
            }
        }
    }

    func ids(ofRecord record: Int) -> ArraySlice<Int32> {
        tokens[tokenBounds[record]..<tokenBounds[record + 1]]
    }

    func positions(ofRecord record: Int) -> ArraySlice<Int32> {
        positions[positionBounds[record]..<positionBounds[record + 1]]
    }

    /// Adds a record's positions to a signal.
    func append(record: Int, to signal: inout SparseSignal) {
        for position in positionBounds[record]..<positionBounds[record + 1] {
            let head = headBounds[position]..<headBounds[position + 1]
            var decoded = PositionEntries()
            decoded.ids = Array(headIDs[head])
            decoded.probabilities = headCodes[head].map(FixedPoint.probability)
            decoded.tail = FixedPoint.probability(tailCodes[position])
            if case .sampled = kind {
                let tail = tailBounds[position]..<tailBounds[position + 1]
                decoded.tailIDs = Array(tailIDs[tail])
                decoded.tailCounts = tailDraws[tail].map(Int.init)
                decoded.entropy = FixedPoint.value(entropies[position])
            }
            signal.append(decoded)
        }
    }
}

extension SignalShard {
    /// Copies a record's hidden states to the rows from `row` on of `targets`, one for each layer that is kept.
    ///
    /// - Returns: how many rows they are
    func copyHidden(record: Int, to targets: [Tensor], row: Int) throws -> Int {
        let rows = positionBounds[record]..<positionBounds[record + 1]
        for (view, target) in zip(hidden, targets) where !rows.isEmpty {
            let width = view.shape[1]
            try target.withUnsafeMutableFloats { floats in
                try view.dequantize(
                    rows: rows,
                    into: .init(rebasing: floats[row * width..<(row + rows.count) * width]))
            }
        }
        return rows.count
    }
}

/// Reads a shard's columns and checks each.
struct ShardColumns {
    let file: SafetensorsFile

    init(contentsOf url: URL) throws { file = try SafetensorsFile(contentsOf: url) }

    func broken(_ problem: String) -> UserError {
        UserError(problem, file: file.url.relativePath, hint: "label the corpus again")
    }

    func keys() throws -> [RecordKey] {
        let bytes = try file.values("keys", as: UInt8.self)
        guard bytes.count % RecordKey.size == 0 else { throw broken("keys does not hold whole keys") }
        return stride(from: 0, to: bytes.count, by: RecordKey.size).map {
            RecordKey(bytes: Array(bytes[$0..<$0 + RecordKey.size]))
        }
    }

    /// Whole numbers of any width, each below `limit`.
    func numbers(_ name: String, below limit: Int) throws -> [Int32] {
        let values = try widened(name)
        guard values.allSatisfy({ $0 < limit }) else {
            throw broken("\(name) holds a number that is not below \(limit)")
        }
        return values.map { Int32($0) }
    }

    private func widened(_ name: String) throws -> [Int] {
        switch try file.view(name).type {
        case .u8: try file.values(name, as: UInt8.self).map(Int.init)
        case .u16: try file.values(name, as: UInt16.self).map(Int.init)
        default: try file.values(name, as: UInt32.self).map(Int.init)
        }
    }

    /// The running sum of a column of counts, from 0 to `end`.
    func bounds(_ name: String, count: Int, end: Int) throws -> [Int] {
        let counts = try widened(name)
        let bounds = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
        guard counts.count == count, bounds.last == end else {
            throw broken("\(name) does not add up to \(end) over \(count) entries")
        }
        return bounds
    }

    func codes(_ name: String, count: Int) throws -> [UInt16] {
        let codes = try file.values(name, as: UInt16.self)
        guard codes.count == count else { throw broken("\(name) has \(codes.count) values, not \(count)") }
        return codes
    }

    /// The columns of hidden states, which stay in the file.
    func hidden(_ layers: HiddenLayers?, positions: Int) throws -> [SafetensorsFile.View] {
        guard let layers else { return [] }
        return try layers.kept.map { layer in
            let view = try file.view(SignalShard.hiddenName(layer))
            guard view.type == .bf16, view.shape == [positions, layers.width] else {
                throw broken("\(view.name) is not [\(positions), \(layers.width)] in BF16")
            }
            return view
        }
    }

    /// The row before each target, within its record, and the bounds of the records' rows.
    func positions(_ tokenBounds: [Int]) throws -> (positions: [Int32], bounds: [Int]) {
        let bits = try file.values("targets", as: UInt8.self)
        guard bits.count == (tokenBounds.last! + 7) / 8 else {
            throw broken("targets does not hold a bit a token")
        }
        func isTarget(_ token: Int) -> Bool { bits[token / 8] >> (token % 8) & 1 == 1 }
        var (positions, bounds): ([Int32], [Int]) = ([], [0])
        for (start, end) in zip(tokenBounds, tokenBounds.dropFirst()) {
            for token in start..<end where isTarget(token) {
                guard token > start else { throw broken("targets names the first token of a record") }
                positions.append(Int32(token - start - 1))
            }
            bounds.append(positions.count)
        }
        return (positions, bounds)
    }
}
