import Corpora
import Foundation
import MethodFixtures
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals

/// Shards of a labelled corpus, joined, are the cache of the corpus.
@Suite struct SignalMergeTests {
    private let teacher: DecoderModel
    /// Of several batches and files, and with duplicates.
    private let documents: [EncodedDocument]
    private static let shardDocuments = 150

    init() throws {
        teacher = try Small.decoder()
        let distinct = Small.documents(700, longest: 60)
        documents = (0..<900).map { distinct[$0 * 7 % 11 == 3 ? $0 / 5 : min($0, 699)] }
    }

    private func origin(
        _ kind: SparseKind = .topK(k: 5), hidden: Bool = false, seed: UInt64 = 3
    ) throws -> SignalManifest.Origin {
        var origin = Small.origin(kind: kind, seed: seed)
        if hidden { origin.hidden = try HiddenLayers([1], of: teacher.configuration, named: "teacher") }
        return origin
    }

    @discardableResult
    private func label(
        _ directory: URL, _ origin: SignalManifest.Origin, _ shard: Shard? = nil,
        of documents: [EncodedDocument]? = nil, progress: ProgressHandler? = nil
    ) throws -> URL {
        try LabelingJob(
            teacher: teacher, origin: origin, shardDocuments: Self.shardDocuments, shard: shard
        ).run(EncodedCorpus(documents ?? self.documents), into: directory, progress: progress)
        return directory
    }

    private func shards(_ count: Int, _ origin: SignalManifest.Origin, in parent: URL) throws -> [URL] {
        try (1...count).map {
            try label(parent.appending(path: "\($0)-of-\(count)"), origin, Shard($0, of: count))
        }
    }

    private func merge(_ directories: [URL]) throws -> SignalMerge {
        try SignalMerge(directories, shardDocuments: Self.shardDocuments)
    }

    @Test(arguments: LabelingJobTests.kinds, [false, true])
    func mergedShardsAreTheWholeCache(kind: SparseKind, hidden: Bool) throws {
        try withTemporaryDirectory { parent in
            let origin = try origin(kind, hidden: hidden)
            let whole = try contents(of: label(parent.appending(path: "whole"), origin))
            #expect(whole.count > 4)
            for count in [1, 2, 3, 7] {
                let caches = try shards(count, origin, in: parent)
                let manifests = try caches.map { try SignalManifest(contentsOf: $0) }
                #expect(manifests.map(\.corpusShard) == (1...count).map { Shard($0, of: count) })
                // Shards end where batches do, of some 65 documents.
                let sizes = manifests.map(\.records)
                let mean = sizes.reduce(0, +) / count
                #expect(sizes.allSatisfy { abs($0 - mean) < 100 }, "\(sizes)")
                let merged = parent.appending(path: "merged-\(count)")
                for order in [caches.reversed(), caches] {
                    try merge(order).write(to: merged)
                    #expect(try contents(of: merged) == whole, "\(count) shards")
                }
            }
        }
    }

    /// Fewer documents than shards, and one document twice.
    @Test func shardsWithoutDocuments() throws {
        try withTemporaryDirectory { parent in
            let three = Small.documents(3)
            let few = three + three.prefix(2)
            let origin = try origin(.sampled(head: 3, draws: 8))
            let whole = try contents(of: label(parent.appending(path: "whole"), origin, of: few))
            let caches = try (1...7).map {
                try label(parent.appending(path: "\($0)"), origin, Shard($0, of: 7), of: few)
            }
            #expect(try caches.map { try SignalManifest(contentsOf: $0).records } == [3, 0, 0, 0, 0, 0, 0])
            let merged = parent.appending(path: "merged")
            #expect(try merge(caches).write(to: merged).corpusShard == nil)
            #expect(try contents(of: merged) == whole)
        }
    }

    /// A shard that is killed, and a merge that is, are resumed to the same bytes.
    @Test func shardsAndMergesAreResumed() throws {
        try withTemporaryDirectory { parent in
            let origin = try origin(.sampled(head: 3, draws: 8))
            let whole = try contents(of: label(parent.appending(path: "whole"), origin))
            var killed: [URL] = []
            /// Copies of a directory, as kills leave it.
            func copying(_ directory: URL) -> ProgressHandler {
                { event in
                    guard case .advanced = event else { return }
                    let copy = parent.appending(path: "\(directory.lastPathComponent)-\(killed.count)")
                    try? FileManager.default.copyItem(at: directory, to: copy)
                    killed.append(copy)
                }
            }
            let second = parent.appending(path: "second")
            try label(second, origin, Shard(2, of: 3), progress: copying(second))
            let expected = try contents(of: second)
            #expect(killed.count > 2)
            for directory in killed {
                #expect(throws: UserError.self) { try label(directory, origin, Shard(3, of: 3)) }
                #expect(throws: UserError.self) { try label(directory, origin) }
                try label(directory, origin, Shard(2, of: 3))
                #expect(try contents(of: directory) == expected)
            }
            killed = []
            let caches = try shards(3, origin, in: parent)
            let merged = parent.appending(path: "merged")
            try merge(caches).write(to: merged, progress: copying(merged))
            #expect(try contents(of: merged) == whole && killed.count > 10)
            for directory in killed {
                try merge(caches).write(to: directory)
                #expect(try contents(of: directory) == whole)
            }
        }
    }

    private func refusal(_ directories: [URL], _ output: URL) throws -> String {
        let error = #expect(throws: UserError.self) { try merge(directories).write(to: output) }
        return try #require(error).description
    }

    @Test func shardsThatDoNotFitAreNamed() throws {
        try withTemporaryDirectory { parent in
            let origin = try origin()
            let caches = try shards(3, origin, in: parent)
            let output = parent.appending(path: "merged")
            func refused(_ directories: [URL]) throws -> String {
                let message = try refusal(directories, output)
                #expect(!FileManager.default.fileExists(atPath: output.path))
                return message
            }
            #expect(try refused([caches[0], caches[2]]).hasPrefix("shard 2/3 is missing; "))
            #expect(try refused(caches + [caches[1]]).contains("2-of-3: is shard 2/3, as "))
            let half = try label(parent.appending(path: "half"), origin, Shard(2, of: 2))
            #expect(try refused([caches[0], half]).contains("half: is shard 2/2, but "))
            let whole = try label(parent.appending(path: "whole"), origin)
            #expect(try refused([whole]).contains("whole: is no shard"))
            let seeded = try label(
                parent.appending(path: "seeded"), self.origin(seed: 4), Shard(2, of: 3))
            #expect(
                try refused([caches[0], seeded, caches[2]]).contains("the seed is 4 here and 3 there"))
            let other = try label(
                parent.appending(path: "other"), origin, Shard(2, of: 3), of: documents.reversed())
            let message = try refused([caches[0], other, caches[2]])
            #expect(message.contains("other: is a shard of another whole than "), "\(message)")
            #expect(message.contains("the documents differ"))
            #expect(
                try refused([caches[0], parent.appending(path: "absent")]).contains(
                    "absent: is not a finished signal cache"))
        }
    }

    @Test func damagedShardsAreNamed() throws {
        try withTemporaryDirectory { parent in
            let caches = try shards(2, origin(), in: parent)
            let output = parent.appending(path: "merged")
            let file = caches[1].appending(path: "shard-00001.safetensors")
            let bytes = try Data(contentsOf: file)
            var flipped = bytes
            flipped[bytes.count - 9] ^= 1
            for damaged in [Data(bytes.dropLast()), flipped, Data()] {
                try damaged.write(to: file)
                let message = try refusal(caches, output)
                #expect(message.contains("2-of-2/shard-00001.safetensors: is damaged"), "\(message)")
                #expect(message.contains("label shard 2/2 again"))
            }
            try FileManager.default.removeItem(at: file)
            #expect(try refusal(caches, output).contains("shard-00001.safetensors: "))
            try bytes.write(to: file)
            // A manifest that a file was taken out of, and one of another part of the corpus.
            var manifest = try SignalManifest(contentsOf: caches[1])
            manifest.shards.removeLast()
            try manifest.save(in: caches[1])
            #expect(try refusal(caches, output).contains("do not hold the documents of the corpus"))
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
    }

    @Test func outputsOfOthersStay() throws {
        try withTemporaryDirectory { parent in
            let caches = try shards(2, origin(), in: parent)
            let output = try label(parent.appending(path: "out"), origin(seed: 4))
            let before = try contents(of: output)
            #expect(try refusal(caches, output).contains("the seed is 3 here and 4 there"))
            #expect(try refusal(caches, caches[1]).contains("the shard is none here and 2/2 there"))
            #expect(try contents(of: output) == before)
            let folder = parent.appending(path: "folder")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: folder.appending(path: "notes.txt"))
            #expect(try refusal(caches, folder).contains("is no signal cache: it holds notes.txt"))
        }
    }

    /// A student that is trained on one shard alone is told so.
    @Test func missingRecordsOfAShardNameIt() throws {
        try withTemporaryDirectory { parent in
            let cache = try SignalCache(directory: shards(2, origin(), in: parent)[0])
            let error = #expect(throws: UserError.self) { try cache.requireAll(EncodedCorpus(documents)) }
            #expect(error?.hint == "it is shard 1/2 of a corpus: join all with distill merge")
        }
    }
}
