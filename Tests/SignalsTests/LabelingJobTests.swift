import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals

@Suite struct LabelingJobTests {
    static let kinds: [SparseKind] = [.topK(k: 5), .topK(k: 97), .sampled(head: 3, draws: 8)]
    private let teacher: DecoderModel
    private let documents = Small.documents(23)

    init() throws { teacher = try Small.decoder() }

    private func job(_ kind: SparseKind, seed: UInt64 = 3) -> LabelingJob {
        LabelingJob(teacher: teacher, origin: Small.origin(kind: kind, seed: seed), shardDocuments: 5)
    }

    /// What a cache says is what the teacher says, to the precision of its codes.
    @Test(arguments: kinds)
    func roundTrip(kind: SparseKind) throws {
        try withTemporaryDirectory { directory in
            let manifest = try job(kind).run(EncodedCorpus(documents), into: directory)
            let cache = try SignalCache(directory: directory)
            #expect(cache.manifest == manifest)
            #expect(manifest.shards.count == 5)
            #expect(manifest.records == 23)
            #expect(manifest.tokens == documents.reduce(0) { $0 + $1.ids.count })
            #expect(manifest.positions == documents.reduce(0) { $0 + $1.targetCount })
            try cache.requireAll(EncodedCorpus(documents))

            // Another order than the shards'.
            let asked = documents.reversed().filter { $0.targetCount > 0 }
            let signal = try cache.signal(for: asked)
            let batch = Small.batch(of: asked)
            #expect(signal.positions == batch.positions.count)
            let streams = asked.map { RecordKey($0).streamIndex }
            var exact = SparseSignal(kind: kind, temperature: 1)
            for entry in SignalCapture(kind: kind, temperature: 1, seed: 3)
                .capture(teacher: teacher, batch: batch, records: streams)
            {
                exact.append(entry)
            }
            #expect(signal.offsets == exact.offsets)
            #expect(signal.ids == exact.ids)
            // Half a step of the codes, 1.7e-4, for the probability and for the sum it is divided by; a probability
            // below 2^-32 is stored as 2^-32.
            expectClose(signal.weights, exact.weights.map(Double.init), relative: 3.5e-4, absolute: 2.4e-10)
            expectClose(signal.tails, exact.tails.map(Double.init), relative: 3.5e-4, absolute: 2.4e-10)
            expectClose(signal.entropies, exact.entropies.map(Double.init), relative: 0, absolute: 2.5e-4)
            for position in 0..<signal.positions {
                let range = signal.offsets[position]..<signal.offsets[position + 1]
                let tail = signal.tails.isEmpty ? 0 : signal.tails[position]
                expectClose([signal.weights[range].reduce(tail, +)], [1], relative: 1e-6)
            }
        }
    }

    /// From every state of the directory that a kill could leave: the same files, the same bytes.
    @Test(arguments: kinds)
    func resumesToTheSameBytes(kind: SparseKind) throws {
        try withTemporaryDirectory { parent in
            let directory = parent.appending(path: "whole")
            var snapshots: [URL] = []
            try job(kind).run(EncodedCorpus(documents), into: directory) { event in
                guard case .advanced = event else { return }
                let copy = parent.appending(path: "killed-\(snapshots.count)")
                try? FileManager.default.copyItem(at: directory, to: copy)
                snapshots.append(copy)
            }
            let expected = try contents(of: directory)
            #expect(
                Set(expected.keys) == Set(["manifest.json"] + (0..<5).map { "shard-0000\($0).safetensors" }))
            #expect(snapshots.count == 5)
            for (shard, killed) in snapshots.enumerated() {
                let before = try contents(of: killed)
                #expect(before.keys.count { $0.hasPrefix("shard-") } == shard)
                // A shard that was written but not noted down, and one half written.
                let name = "shard-0000\(shard).safetensors"
                try expected[name]!.write(to: killed.appending(path: name))
                if shard < 4 {
                    try Data([1, 2, 3]).write(
                        to: killed.appending(path: "shard-0000\(shard + 1).safetensors"))
                }
                #expect(throws: UserError.self) { try SignalCache(directory: killed) }
                var notes: [String] = []
                try job(kind).run(EncodedCorpus(documents), into: killed) {
                    if case .note(let note) = $0 { notes.append(note) }
                }
                #expect(try contents(of: killed) == expected)
                // The batch that was labelled last stands beside the shards.
                #expect(notes == ["label: resumed at document \(min(5 * shard + 5, 23)) of 23"])
            }
        }
    }

    /// Faults found, line 17: what is labelled is kept batch by batch. A disk that fills up costs the batch it had no room
    /// for, and what is damaged or torn is labelled again.
    @Test(arguments: kinds)
    func unfinishedShardsAreKept(kind: SparseKind) throws {
        let documents = Small.documents(900, longest: 60)
        let job = LabelingJob(teacher: teacher, origin: Small.origin(kind: kind))
        try withTemporaryDirectory { parent in
            let whole = parent.appending(path: "whole")
            try job.run(EncodedCorpus(documents), into: whole)
            let expected = try contents(of: whole)
            #expect(Set(expected.keys) == ["manifest.json", "shard-00000.safetensors"])

            let killed = parent.appending(path: "killed")
            var batches = 0
            let unfinished = parent.appending(path: "unfinished")
            try job.run(EncodedCorpus(documents), into: killed) { event in
                guard case .advanced(_, let done, _, _) = event else { return }
                batches += 1
                if done > 600, !FileManager.default.fileExists(atPath: unfinished.path) {
                    try? FileManager.default.copyItem(at: killed, to: unfinished)
                }
            }
            #expect(batches > 10)
            #expect(try contents(of: killed) == expected)
            let records = try Data(contentsOf: unfinished.appending(path: "pending.records"))
            for (name, damage) in [
                ("intact", { _ in }), ("torn", { $0.removeLast(7) }),
                ("flipped", { $0[$0.count / 2] ^= 4 }), ("none", { $0 = Data() }),
                ("garbage", { $0 = Data(repeating: 0xFF, count: 100) }),
            ] as [(String, (inout Data) -> Void)] {
                var bytes = records
                damage(&bytes)
                try bytes.write(to: unfinished.appending(path: "pending.records"))
                let copy = parent.appending(path: name)
                try FileManager.default.copyItem(at: unfinished, to: copy)
                var first: Int?
                try job.run(EncodedCorpus(documents), into: copy) { event in
                    if case .advanced(_, let done, _, _) = event { first = first ?? done }
                }
                #expect(try contents(of: copy) == expected, "\(name)")
                let resumed = try #require(first)
                switch name {
                case "intact": #expect(resumed > 600)
                case "torn": #expect(resumed > 500)
                case "flipped": #expect(resumed > 100 && resumed < 500)
                default: #expect(resumed < 150)
                }
            }
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible))
    func aFullDiskCostsOneBatch() throws {
        let documents = Small.documents(900, longest: 60)
        let job = LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 50)))
        try withTemporaryDirectory { parent in
            let whole = parent.appending(path: "whole")
            try job.run(EncodedCorpus(documents), into: whole)
            let disk = try SmallDisk(at: parent.appending(path: "disk"), bytes: 4 << 20)
            defer { disk.unmount() }
            let directory = disk.url.appending(path: "cache")
            var done = 0
            let error = #expect(throws: UserError.self) {
                try job.run(EncodedCorpus(documents), into: directory) {
                    if case .advanced(_, let count, _, _) = $0 { done = count }
                }
            }
            #expect(error?.status == .inputOutput && error?.problem.contains("No space left") == true)
            #expect(done > 100 && done < 900)
            let larger = parent.appending(path: "larger")
            try FileManager.default.copyItem(at: directory, to: larger)
            var notes: [String] = []
            try job.run(EncodedCorpus(documents), into: larger) {
                if case .note(let text) = $0 { notes.append(text) }
            }
            #expect(notes == ["label: resumed at document \(done) of 900"])
            #expect(try contents(of: larger) == contents(of: whole))
        }
    }

    /// The hint that a damaged cache's error names does work.
    @Test func labellingAgainRepairs() throws {
        try withTemporaryDirectory { directory in
            let job = job(.topK(k: 5))
            try job.run(EncodedCorpus(documents), into: directory)
            let expected = try contents(of: directory)
            let shard = directory.appending(path: "shard-00002.safetensors")
            try (expected["shard-00002.safetensors"]! + [0]).write(to: shard)
            #expect(throws: UserError.self) { try SignalCache(directory: directory) }
            try job.run(EncodedCorpus(documents), into: directory)
            #expect(try contents(of: directory) == expected)
            try FileManager.default.removeItem(at: shard)
            try job.run(EncodedCorpus(documents), into: directory)
            #expect(try contents(of: directory) == expected)
            // Finished and whole: nothing to do.
            var advanced = 0
            try job.run(EncodedCorpus(documents), into: directory) {
                if case .advanced = $0 { advanced += 1 }
            }
            #expect(advanced == 0)
        }
    }

    @Test func documentsThatOccurTwiceAreLabelledOnce() throws {
        try withTemporaryDirectory { parent in
            let (once, twice) = (parent.appending(path: "once"), parent.appending(path: "twice"))
            try job(.topK(k: 5)).run(EncodedCorpus(documents), into: once)
            try job(.topK(k: 5)).run(EncodedCorpus(documents + documents.reversed()), into: twice)
            #expect(try contents(of: once) == contents(of: twice))
            let signal = try SignalCache(directory: twice).signal(for: [documents[3], documents[3]])
            #expect(signal.positions == 2 * documents[3].targetCount)
            // The same tokens with other targets are another document.
            let other = EncodedDocument(
                ids: documents[3].ids, lossMask: documents[3].ids.indices.map { $0 > 1 })
            #expect(other != documents[3])
            #expect(throws: UserError.self) { try SignalCache(directory: twice).signal(for: [other]) }
        }
    }

    @Test(arguments: [SparseKind.topK(k: 5), .sampled(head: 3, draws: 8)])
    func otherSettingsAreRefusedBeforeAnythingIsWritten(kind: SparseKind) throws {
        try withTemporaryDirectory { directory in
            try job(kind).run(EncodedCorpus(documents), into: directory)
            let expected = try contents(of: directory)
            func problem(_ origin: SignalManifest.Origin, _ documents: [EncodedDocument]) -> String? {
                #expect(throws: UserError.self) {
                    try LabelingJob(teacher: teacher, origin: origin).run(
                        EncodedCorpus(documents), into: directory)
                }?.problem
            }
            let seed = try #require(problem(Small.origin(kind: kind, seed: 4), documents))
            #expect(seed.contains("the seed is 4 here and 3 there"))
            let other = try #require(
                problem(Small.origin(kind: .topK(k: 7), temperature: 2, teacher: "other"), documents))
            #expect(
                other.contains("the teacher's weights differs") || other.contains("the teacher's weights"))
            #expect(other.contains("top_k (k 7) here and \(kind) there"))
            #expect(other.contains("temperature is 2.0 here and 1.0 there"))
            let corpus = try #require(problem(Small.origin(kind: kind), Array(documents.dropLast())))
            #expect(corpus.contains("the documents differ"))
            #expect(try contents(of: directory) == expected)
        }
    }

    @Test func impossibleDocumentsAndTeachers() throws {
        try withTemporaryDirectory { parent in
            let directory = parent.appending(path: "cache")
            let long = EncodedDocument(
                ids: Array(repeating: 1, count: 65), lossMask: (0..<65).map { $0 > 0 })
            let tooLong = #expect(throws: UserError.self) {
                try job(.topK(k: 5)).run(EncodedCorpus(documents + [long]), into: directory)
            }
            #expect(tooLong?.problem.contains("65 tokens") == true)
            let vocabulary = #expect(throws: UserError.self) {
                try LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 5), vocabulary: 96))
                    .run(EncodedCorpus(documents), into: directory)
            }
            #expect(vocabulary?.problem.contains("a vocabulary of 97, the tokenizer one of 96") == true)
            #expect(!FileManager.default.fileExists(atPath: directory.path))
        }
    }

    /// Head 4 with 16 draws, and top-50, of a vocabulary with 16-bit ids: what a position costs on disk.
    @Test func bytesForAPosition() throws {
        let documents = Small.documents(60, longest: 60)
        func bytes(_ kind: SparseKind) throws -> Double {
            try withTemporaryDirectory { directory in
                let origin = Small.origin(kind: kind)
                return try LabelingJob(teacher: teacher, origin: origin)
                    .run(EncodedCorpus(documents), into: directory).bytesPerPosition
            }
        }
        let (sampled, topK) = try (bytes(.sampled(head: 4, draws: 16)), bytes(.topK(k: 50)))
        print("bytes a position: head 4 and 16 draws \(sampled), top-50 \(topK)")
        // With ids of a byte: three an entry of the head, two of the tail; 2 for the tail's mass, 2 for the entropy, 2
        // counts; a byte and a bit for each token, a key and a count for each record, and the file's header.
        #expect((6 + 3...12 + 32 + 14).contains(sampled))
        #expect((152...160).contains(topK))
    }
}
