import Checkpoints
import Foundation
import Support
import Tensors

// R records, P positions with a signal in all of them, N tokens, k entries per position of a top-k signal, C width of the teacher.

/// One file of a signal cache: columns in a mapped safetensors file, of which a record is decoded when it is asked for.
///
/// | tensor | type | shape |
/// |---|---|---|
/// | keys | U8 | [R, 16] |
/// | token_counts | U32 | [R], tokens of each record |
/// | tokens | id | [N] |
/// | targets | U8 | [⌈N/8⌉], the loss mask, one bit per token; a position is the row before a target |
/// | head_ids, head_codes | id, U16 | [entries]: k per position, or what head_counts says |
/// | tail_codes | U16 | [P], the mass outside the head |
/// | head_counts | count | [P], sampled, or top-k where a position has fewer than k |
/// | tail_counts | count | [P], sampled only |
/// | tail_ids, tail_draws | id, count | [entries], sampled only |
/// | entropies | U16 | [P], sampled only |
/// | hidden_LAYER | BF16 | [P, C], for each layer whose hidden states are stored |
///
/// Ids and counts have the smallest of U8, U16 and U32 that holds the largest possible value.
///
/// - Complexity: opening checks every column once, in one pass over the file; it keeps 32 bytes per record. A record is
///   decoded in O(tokens and entries of the record).
struct SignalShard {
    let kind: SparseKind
    let temperature: Float
    let vocabulary: Int
    let file: SafetensorsFile
    let columns: Columns
    /// Where each record begins in the columns, and where the last one ends: R + 1 values.
    let bounds: [Bounds]
    /// One for each layer whose hidden states are stored.
    let hidden: [SafetensorsFile.View]

    /// The columns of token ids, probabilities and counts.
    struct Columns {
        let keys: MappedColumn
        let tokens: MappedColumn
        let targets: MappedColumn
        let headIDs: MappedColumn
        let headCodes: MappedColumn
        let tailCodes: MappedColumn
        /// Nil where each position has k entries.
        let headCounts: MappedColumn?
        /// Nil for a top-k signal.
        let sampled: Sampled?

        /// The columns that only a sampled signal has.
        struct Sampled {
            let tailCounts: MappedColumn
            let tailIDs: MappedColumn
            let tailDraws: MappedColumn
            let entropies: MappedColumn
        }
    }

    /// Offsets of a record in the columns.
    struct Bounds {
        var token = 0
        var position = 0
        var head = 0
        var tail = 0
    }

    static func hiddenName(_ layer: Int) -> String { "hidden_\(layer)" }

    /// Number of records, R.
    var count: Int { bounds.count - 1 }

    func key(ofRecord record: Int) -> RecordKey {
        let bytes = columns.keys.values(record * RecordKey.size..<(record + 1) * RecordKey.size)
        return RecordKey(bytes: bytes.map { UInt8($0) })
    }

    func ids(ofRecord record: Int) -> [Int32] {
        columns.tokens.values(bounds[record].token..<bounds[record + 1].token)
    }

    /// Rows of a record, from 0, whose next token is a target.
    func positions(ofRecord record: Int) -> [Int32] {
        targets(ofRecord: record).map { Int32($0 - bounds[record].token - 1) }
    }

    /// The tokens of the shard that are a record's targets, rising.
    private func targets(ofRecord record: Int) -> [Int] {
        Self.targets(columns.targets, bounds[record].token..<bounds[record + 1].token)
    }

    static func targets(_ column: MappedColumn, _ tokens: Range<Int>) -> [Int] {
        guard !tokens.isEmpty else { return [] }
        var targets: [Int] = []
        var token = tokens.lowerBound / 8 * 8
        column.forEach(in: token / 8..<(tokens.upperBound + 7) / 8) { bits in
            for bit in 0..<8 where bits >> bit & 1 == 1 && tokens.contains(token + bit) {
                targets.append(token + bit)
            }
            token += 8
        }
        return targets
    }

    /// Appends the positions of a record to a signal.
    ///
    /// - Throws: `UserError` when the file was changed after it was opened
    func append(record: Int, to signal: inout SparseSignal) throws {
        try forEachPosition(ofRecord: record) { signal.append($0) }
    }

    /// Calls `body` with the entries of each position of a record.
    ///
    /// - Throws: `UserError` when the file was changed after it was opened
    func forEachPosition(ofRecord record: Int, _ body: (PositionEntries) -> Void) throws {
        let (start, end) = (bounds[record], bounds[record + 1])
        let positions = start.position..<end.position
        let headIDs = columns.headIDs.values(start.head..<end.head)
        let headCodes = columns.headCodes.codes(start.head..<end.head)
        let tailCodes = columns.tailCodes.codes(positions)
        guard let sampled = columns.sampled else {
            try requireUnchanged(ids: headIDs)
            let k = positions.isEmpty ? 0 : headIDs.count / positions.count
            let counts = columns.headCounts?.values(positions) ?? positions.map { _ in Int32(k) }
            try requireUnchanged(counts: counts, sum: headIDs.count)
            var head = 0..<0
            for position in 0..<positions.count {
                head = head.upperBound..<head.upperBound + Int(counts[position])
                body(
                    PositionEntries(
                        ids: Array(headIDs[head]), probabilities: headCodes[head].map(FixedPoint.probability),
                        tail: FixedPoint.probability(tailCodes[position])))
            }
            return
        }
        let headCounts = columns.headCounts?.values(positions) ?? []
        let tailCounts = sampled.tailCounts.values(positions)
        let tailIDs = sampled.tailIDs.values(start.tail..<end.tail)
        let tailDraws = sampled.tailDraws.values(start.tail..<end.tail)
        let entropies = sampled.entropies.codes(positions)
        try requireUnchanged(ids: headIDs + tailIDs)
        try requireUnchanged(counts: headCounts, sum: headIDs.count)
        try requireUnchanged(counts: tailCounts, sum: tailIDs.count)
        var (head, tail) = (0..<0, 0..<0)
        for position in 0..<positions.count {
            head = head.upperBound..<head.upperBound + Int(headCounts[position])
            tail = tail.upperBound..<tail.upperBound + Int(tailCounts[position])
            body(
                PositionEntries(
                    ids: Array(headIDs[head]), probabilities: headCodes[head].map(FixedPoint.probability),
                    tailIDs: Array(tailIDs[tail]), tailCounts: tailDraws[tail].map(Int.init),
                    tail: FixedPoint.probability(tailCodes[position]),
                    entropy: FixedPoint.value(entropies[position])))
        }
    }

    /// Copies the hidden states of a record to the rows from `row` on of `targets`, one tensor for each stored layer.
    ///
    /// - Returns: the number of rows
    func copyHidden(record: Int, to targets: [Tensor], row: Int) throws -> Int {
        let rows = bounds[record].position..<bounds[record + 1].position
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

    // MARK: - Faults

    func fault(_ problem: String) -> UserError {
        UserError(problem, file: file.url.relativePath, hint: "label the corpus again")
    }

    // The columns were checked when the file was opened. Ids and counts index memory, and another process may have written
    // to the mapped file since.

    private func requireUnchanged(ids: [Int32]) throws {
        guard ids.allSatisfy({ (0..<Int32(vocabulary)).contains($0) }) else { throw changed }
    }

    private func requireUnchanged(counts: [Int32], sum: Int) throws {
        guard counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, { $0 + Int($1) }) == sum else { throw changed }
    }

    private var changed: UserError { fault("was changed while it was read") }
}
