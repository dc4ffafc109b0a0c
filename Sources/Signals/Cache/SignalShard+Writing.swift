import Checkpoints
import Foundation
import Support
import Tensors

// R records, P positions with a signal in all of them, N tokens, V vocabulary.

/// One labelled document: its tokens, and the teacher's signal at the positions before its targets.
struct SignalRecord {
    let key: RecordKey
    let ids: [Int32]
    /// Rows whose next token is a target, rising.
    let positions: [Int32]
    let entries: [PositionEntries]
    /// For each stored layer, [positions, C].
    var hidden: [Tensor] = []
}

extension SignalShard {
    static func write(
        _ records: [SignalRecord], kind: SparseKind, vocabulary: Int, hidden: HiddenLayers? = nil, to url: URL
    ) throws {
        let entries = records.flatMap(\.entries)
        let tokens = records.flatMap(\.ids)
        var columns = [
            SafetensorsEntry(
                name: "keys", shape: [records.count, RecordKey.size], values: records.flatMap(\.key.bytes)),
            column("token_counts", records.map(\.ids.count), upTo: .max),
            column("tokens", tokens.map(Int.init), upTo: vocabulary - 1),
            SafetensorsEntry(
                name: "targets", shape: [(tokens.count + 7) / 8], values: targetBits(records)),
            column("head_ids", entries.flatMap { $0.ids.map(Int.init) }, upTo: vocabulary - 1),
            codes(
                "head_codes", entries.flatMap { $0.probabilities.map { FixedPoint.code(probability: $0) } }),
            codes("tail_codes", entries.map { FixedPoint.code(probability: $0.tail) }),
        ]
        let counts = entries.map(\.ids.count)
        switch kind {
        case .topK(let k):
            if counts.contains(where: { $0 != min(k, vocabulary) }) {
                columns.append(column("head_counts", counts, upTo: k))
            }
        case .sampled(let head, let draws):
            columns += [
                column("head_counts", counts, upTo: head),
                column("tail_counts", entries.map(\.tailIDs.count), upTo: draws),
                column("tail_ids", entries.flatMap { $0.tailIDs.map(Int.init) }, upTo: vocabulary - 1),
                column("tail_draws", entries.flatMap(\.tailCounts), upTo: draws),
                codes("entropies", entries.map { FixedPoint.code(value: $0.entropy) }),
            ]
        }
        if let hidden {
            columns += hidden.stored.enumerated().map { place, layer in
                SafetensorsEntry(
                    name: hiddenName(layer),
                    tensor: concatenateRows(records.map { $0.hidden[place] }, width: hidden.width), as: .bf16)
            }
        }
        try SafetensorsWriter.write(columns, metadata: ["format": "swift-distill signals"], to: url)
    }

    /// A column of whole numbers, in the smallest type that holds the largest possible value.
    private static func column(_ name: String, _ values: [Int], upTo largest: Int) -> SafetensorsEntry {
        switch largest {
        case ...0xFF: SafetensorsEntry(name: name, shape: [values.count], values: values.map(UInt8.init))
        case ...0xFFFF: SafetensorsEntry(name: name, shape: [values.count], values: values.map(UInt16.init))
        default: SafetensorsEntry(name: name, shape: [values.count], values: values.map(UInt32.init))
        }
    }

    private static func codes(_ name: String, _ values: [UInt16]) -> SafetensorsEntry {
        SafetensorsEntry(name: name, shape: [values.count], values: values)
    }

    /// The loss mask, one bit per token, the first in the lowest bit.
    private static func targetBits(_ records: [SignalRecord]) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: (records.reduce(0) { $0 + $1.ids.count } + 7) / 8)
        var start = 0
        for record in records {
            for position in record.positions {
                let target = start + Int(position) + 1
                bits[target / 8] |= 1 << (target % 8)
            }
            start += record.ids.count
        }
        return bits
    }
}
