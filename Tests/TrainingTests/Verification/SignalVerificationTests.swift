import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

@Suite struct SignalVerificationTests {
    private let teacher: DecoderModel
    private let documents = Small.documents(12)

    init() throws { teacher = try Small.decoder() }

    private func measure(_ kind: SparseKind, labelledBy other: DecoderModel? = nil) throws
        -> SignalVerification
    {
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: other ?? teacher, origin: Small.origin(kind: kind))
                .run(EncodedCorpus(documents), into: directory)
            return try .measure(try SignalCache(directory: directory), teacher: teacher, records: 1_000)
        }
    }

    /// Nothing is lost but the codes' rounding, half a step of 1.7e-4.
    @Test func theWholeVocabularyLosesNothing() throws {
        let whole = try measure(.topK(k: 97))
        #expect(whole.klFullDecoded.magnitude < 1e-6)
        #expect(whole.massError < 1e-6)
        #expect(whole.largestError < 2e-4)
        #expect(whole.gradientAngle < 0.05)
        #expect(whole.records == documents.count { $0.targetCount > 0 })
        #expect(whole.positions == documents.reduce(0) { $0 + $1.targetCount })
    }

    @Test func moreEntriesLoseLess() throws {
        let measured = try [1, 4, 16, 64].map { try measure(.topK(k: $0)) }
        for (fewer, more) in zip(measured, measured.dropFirst()) {
            #expect(more.klFullDecoded < fewer.klFullDecoded)
            #expect(more.gradientAngle < fewer.gradientAngle)
        }
        #expect(measured[0].klFullDecoded > 0.1)
    }

    @Test func moreDrawsTurnTheGradientLess() throws {
        let angles = try [2, 32, 512].map { try measure(.sampled(head: 4, draws: $0)).gradientAngle }
        #expect(angles[1] < angles[0] && angles[2] < angles[1])
        #expect(angles[2] < 5)
    }

    /// The signals of another teacher, and the right ones with the two likeliest tokens' probabilities exchanged.
    @Test func wrongSignalsAreNoticed() throws {
        let right = try measure(.topK(k: 16))
        let foreign = try measure(.topK(k: 16), labelledBy: Small.decoder(seed: 2))
        #expect(foreign.klFullDecoded > 10 * right.klFullDecoded)
        #expect(foreign.gradientAngle > 30 && foreign.largestError > 0.1)

        let exchanged = try withTemporaryDirectory { directory in
            let records = documents.map { document in
                let batch = Small.batch(of: [document])
                let entries = SignalCapture(kind: .topK(k: 16), temperature: 1, seed: 1)
                    .capture(teacher: teacher, batch: batch, records: [0])
                return SignalRecord(
                    key: RecordKey(document), ids: document.ids,
                    positions: batch.positions.map(Int32.init),
                    entries: entries.map {
                        var entry = $0
                        entry.ids.swapAt(0, 1)
                        return entry
                    })
            }
            let url = directory.appending(path: "shard-00000.safetensors")
            let origin = Small.origin(kind: .topK(k: 16))
            try SignalShard.write(records, kind: origin.kind, vocabulary: 97, to: url)
            let shard = SignalManifest.Shard(
                file: url.lastPathComponent, fingerprint: try Fingerprint(fileAt: url),
                records: records.count,
                tokens: 0, positions: 0, entries: 0, bytes: 0)
            try SignalManifest(origin: origin, documents: Fingerprint(hashing: "any"), shards: [shard])
                .save(in: directory)
            return try SignalVerification.measure(
                try SignalCache(directory: directory), teacher: teacher, records: 100)
        }
        #expect(exchanged.klFullDecoded > 1.5 * right.klFullDecoded)
        #expect(exchanged.gradientAngle > right.gradientAngle + 5)
        #expect(exchanged.largestError > 100 * right.largestError)
    }

    @Test func aSampleIsSpreadOverTheCache() throws {
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 4)))
                .run(EncodedCorpus(documents), into: directory)
            let cache = try SignalCache(directory: directory)
            let some = try SignalVerification.measure(cache, teacher: teacher, records: 3)
            #expect((1...3).contains(some.records))
            #expect(some.positions > 0 && some.positions < cache.manifest.positions)
        }
    }
}
