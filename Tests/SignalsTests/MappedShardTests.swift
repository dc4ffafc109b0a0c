import Checkpoints
import Corpora
import Foundation
import MethodFixtures
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals

/// Records decoded from the mapped columns against the whole shard decoded at once.
@Suite struct MappedShardTests {
    /// A shard decoded by the definition of the format: every column in memory.
    private struct WholeShard {
        var signals: [SparseSignal] = []
        var ids: [[Int32]] = []
        var positions: [[Int32]] = []

        init(contentsOf url: URL, kind: SparseKind) throws {
            let file = try SafetensorsFile(contentsOf: url)
            func numbers(_ name: String) throws -> [Int] {
                switch try file.view(name).type {
                case .u8: try file.values(name, as: UInt8.self).map(Int.init)
                case .u16: try file.values(name, as: UInt16.self).map(Int.init)
                default: try file.values(name, as: UInt32.self).map(Int.init)
                }
            }
            let counts = try numbers("token_counts")
            let (tokens, bits) = (try numbers("tokens"), try numbers("targets"))
            let (headIDs, headCodes) = (try numbers("head_ids"), try numbers("head_codes"))
            let tailCodes = try numbers("tail_codes")
            var (token, position, head, tail) = (0, 0, 0, 0)
            for count in counts {
                var signal = SparseSignal(kind: kind, temperature: 1)
                let rows = (1..<count).filter { bits[(token + $0) / 8] >> ((token + $0) % 8) & 1 == 1 }
                for _ in rows {
                    var entries = PositionEntries()
                    let length =
                        if case .topK(let k) = kind { k } else { try numbers("head_counts")[position] }
                    entries.ids = headIDs[head..<head + length].map(Int32.init)
                    entries.probabilities = headCodes[head..<head + length].map {
                        FixedPoint.probability(UInt16($0))
                    }
                    entries.tail = FixedPoint.probability(UInt16(tailCodes[position]))
                    head += length
                    if case .sampled = kind {
                        let drawn = try numbers("tail_counts")[position]
                        entries.tailIDs = try numbers("tail_ids")[tail..<tail + drawn].map(Int32.init)
                        entries.tailCounts = Array(try numbers("tail_draws")[tail..<tail + drawn])
                        entries.entropy = FixedPoint.value(UInt16(try numbers("entropies")[position]))
                        tail += drawn
                    }
                    signal.append(entries)
                    position += 1
                }
                signals.append(signal)
                ids.append(tokens[token..<token + count].map(Int32.init))
                positions.append(rows.map { Int32($0 - 1) })
                token += count
            }
        }
    }

    private func withCache(
        _ kind: SparseKind, vocabulary: Int = Small.vocabulary, documents count: Int = 60,
        _ body: (SignalCache, [EncodedDocument], URL) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let documents = Small.documents(count, vocabulary: vocabulary, longest: 40)
            try LabelingJob(
                teacher: Small.decoder(vocabulary: vocabulary),
                origin: Small.origin(kind: kind, vocabulary: vocabulary), shardDocuments: 1000
            ).run(EncodedCorpus(documents), into: directory)
            try body(try SignalCache(directory: directory), documents, directory)
        }
    }

    /// With ids of 8 and of 16 bits.
    @Test(arguments: [SparseKind.topK(k: 5), .sampled(head: 3, draws: 9)], [97, 300])
    func recordsAreThoseOfTheWholeShard(kind: SparseKind, vocabulary: Int) throws {
        try withCache(kind, vocabulary: vocabulary) { cache, _, directory in
            let whole = try WholeShard(
                contentsOf: directory.appending(path: "shard-00000.safetensors"), kind: kind)
            var record = 0
            try cache.forEachRecord { ids, positions, signal in
                let (actual, expected) = (try signal(), whole.signals[record])
                #expect(ids == whole.ids[record] && positions == whole.positions[record])
                #expect(actual.offsets == expected.offsets && actual.ids == expected.ids)
                #expect(actual.heads == expected.heads)
                expectSameBits(actual.weights, expected.weights)
                expectSameBits(actual.tails, expected.tails)
                expectSameBits(actual.entropies, expected.entropies)
                record += 1
            }
            #expect(record == whole.signals.count && record == cache.manifest.records)
        }
    }

    /// Another process writes to the mapped file: its ids would index memory.
    @Test func changesAfterOpeningAreNoticed() throws {
        try withCache(.sampled(head: 3, draws: 9), documents: 900) { cache, documents, directory in
            let url = directory.appending(path: "shard-00000.safetensors")
            let size = try #require(try url.resourceValues(forKeys: [.fileSizeKey]).fileSize)
            // A smaller file would be read and not mapped.
            try #require(size > 1 << 16)
            let handle = try FileHandle(forWritingTo: url)
            try handle.seek(toOffset: UInt64(size / 2))
            try handle.write(contentsOf: Data(repeating: 0xFF, count: size - size / 2))
            try handle.close()
            let error = #expect(throws: UserError.self) {
                for document in documents { _ = try cache.signal(for: [document]) }
            }
            #expect(error?.problem == "was changed while it was read")
        }
    }
}
