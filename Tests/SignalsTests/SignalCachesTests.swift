import Corpora
import MethodFixtures
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

/// Several caches read as one.
@Suite struct SignalCachesTests {
    private let first = Small.documents(6, seed: 1)
    private let second = Small.documents(6, seed: 2)

    /// Two caches: one of `first`, one of `documents` by another teacher.
    private func withCaches<R>(
        _ documents: [EncodedDocument], kinds: (SparseKind, SparseKind) = (sampled, sampled),
        temperature: Float = 1, _ body: ([SignalCache]) throws -> R
    ) throws -> R {
        try withTemporaryDirectory { directory in
            let urls = ["a", "b"].map { directory.appending(path: $0) }
            for (index, url) in urls.enumerated() {
                let origin = Small.origin(
                    kind: index == 0 ? kinds.0 : kinds.1, temperature: index == 0 ? 1 : temperature)
                try LabelingJob(teacher: Small.decoder(seed: UInt64(index + 1)), origin: origin).run(
                    EncodedCorpus(index == 0 ? first : documents), into: url)
            }
            return try body(urls.map { try SignalCache(directory: $0) })
        }
    }

    private static let sampled = SparseKind.sampled(head: 3, draws: 8)

    private func check(_ caches: [SignalCache], _ documents: [EncodedDocument]) throws {
        try SignalCaches(caches).check(
            EncodedCorpus(documents), tokenizer: Fingerprint(hashing: "tokenizer"), template: "{{ x }}",
            vocabularySize: Small.vocabulary)
    }

    /// Each document's signals are those of the cache that holds it, whatever the kinds.
    @Test func eachDocumentIsFoundWhereItIs() throws {
        try withCaches(second, kinds: (Self.sampled, .topK(k: 5))) { caches in
            try check(caches, first + second)
            let source = CorpusSource(
                corpus: try EncodedCorpus(first + second), caches: SignalCaches(caches), sequences: 12,
                context: 12, seed: 1)
            let batches = try source.batches(forStep: 0)
            #expect(batches.map { $0.signal?.kind.name } == ["sampled", "top_k"])
            for (batch, (cache, documents)) in zip(batches, zip(caches, [first, second])) {
                let inBatch = zip(batch.tokens.segments, batch.tokens.segments.dropFirst()).map {
                    Array(batch.tokens.ids[$0..<$1])
                }
                let own = inBatch.map { ids in documents.first { $0.ids == ids }! }
                let expected = try cache.signal(for: own)
                #expect(batch.signal?.ids == expected.ids && batch.signal?.weights == expected.weights)
            }
        }
    }

    /// Of a document in two caches, the mean, entry by entry.
    @Test func theMeanOfTwo() throws {
        try withCaches(first) { caches in
            try check(caches, first)
            let both = SignalCaches(caches)
            #expect(try both.holders(of: first[0]) == 3)
            let mean = try both.signal(for: first, in: 3)
            let parts = try caches.map { try $0.signal(for: first) }
            #expect(parts[0].ids != parts[1].ids)
            func dense(_ signal: SparseSignal, _ position: Int) -> [Double] {
                var row = [Double](repeating: 0, count: Small.vocabulary)
                for entry in signal.offsets[position]..<signal.offsets[position + 1] {
                    row[Int(signal.ids[entry])] += Double(signal.weights[entry])
                }
                return row
            }
            for position in 0..<mean.positions {
                let expected = zip(dense(parts[0], position), dense(parts[1], position)).map { ($0 + $1) / 2 }
                expectClose(dense(mean, position).map { Float($0) }, expected, relative: 1e-6)
                let ids = mean.ids[mean.offsets[position]..<mean.offsets[position + 1]]
                #expect(Set(ids).count == ids.count, "each token once")
            }
            expectClose(
                mean.entropies, zip(parts[0].entropies, parts[1].entropies).map { Double($0 + $1) / 2 },
                relative: 1e-6)
        }
    }

    @Test func whatCannotBeRead() throws {
        func problem(
            _ documents: [EncodedDocument], _ read: [EncodedDocument], kinds: (SparseKind, SparseKind),
            temperature: Float = 1
        ) throws -> String {
            try withCaches(documents, kinds: kinds, temperature: temperature) { caches in
                let error = #expect(throws: UserError.self) { try check(caches, read) }
                return error?.problem ?? ""
            }
        }
        let kinds = (Self.sampled, Self.sampled)
        #expect(
            try problem(first, first, kinds: (Self.sampled, .topK(k: 4))).contains("cannot be averaged"))
        #expect(try problem(second, first, kinds: kinds, temperature: 2).contains("at temperature 2"))
        let stranger = Small.documents(1, seed: 9)
        #expect(try problem(second, first + stranger, kinds: kinds).contains("has no record of a document"))
    }
}
