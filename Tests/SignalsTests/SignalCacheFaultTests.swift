import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals

/// A cache that is damaged, unfinished or of another student must not be read.
@Suite struct SignalCacheFaultTests {
    private func withCache(
        _ kind: SparseKind = .sampled(head: 2, draws: 4), _ body: (URL) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: Small.decoder(), origin: Small.origin(kind: kind), shardDocuments: 3)
                .run(EncodedCorpus(Small.documents(5)), into: directory)
            _ = try SignalCache(directory: directory)
            try body(directory)
        }
    }

    /// Three bits of every byte of the manifest, and one of the shards' bytes at a stride: all, it takes long.
    @Test func everyFlippedBitIsNoticed() throws {
        try withCache { directory in
            for name in ["manifest.json", "shard-00000.safetensors", "shard-00001.safetensors"] {
                let url = directory.appending(path: name)
                let original = try Data(contentsOf: url)
                let isManifest = name == "manifest.json"
                for place in stride(from: 0, to: original.count, by: isManifest ? 1 : 29) {
                    for bit in isManifest ? [0, 2, 5] : [place % 8] {
                        var damaged = original
                        damaged[place] ^= 1 << bit
                        try damaged.write(to: url)
                        #expect(throws: UserError.self, "\(name), byte \(place), bit \(bit)") {
                            try SignalCache(directory: directory)
                        }
                    }
                }
                try original.write(to: url)
            }
            _ = try SignalCache(directory: directory)
        }
    }

    /// Faults found, line 1: numbers of a manifest that is whole, but that no `label` has written.
    @Test func numbersOutOfTheirLimitsAreRefused() throws {
        try withCache { directory in
            let sound = try SignalManifest(contentsOf: directory)
            func refuse(_ word: String, _ change: (inout SignalManifest) -> Void) throws {
                var manifest = sound
                change(&manifest)
                try manifest.save(in: directory)
                let error = #expect(throws: UserError.self, "\(word)") {
                    try SignalManifest(contentsOf: directory)
                }
                #expect(error?.problem.contains(word) == true, "\(word): \(String(describing: error))")
            }
            for temperature in [-1, 0, 1e-38, 1e38] as [Float] {
                try refuse("temperature") { $0.origin.temperature = temperature }
            }
            try refuse("draws") { $0.origin.kind = .sampled(head: 2, draws: .max) }
            try refuse("draws") { $0.origin.kind = .sampled(head: 2, draws: 0) }
            try refuse("head") { $0.origin.kind = .sampled(head: -1, draws: 4) }
            try refuse("k 0") { $0.origin.kind = .topK(k: 0) }
            try refuse("k ") { $0.origin.kind = .topK(k: .max) }
            try refuse("vocabularySize") { $0.origin.vocabularySize = -5 }
            try refuse("teacherContextLength") { $0.origin.teacherContextLength = .min }
            try refuse("records") { $0.shards[0].records = .max }
            try refuse("bytes") { $0.shards[1].bytes = -1 }
            try sound.save(in: directory)
            _ = try SignalCache(directory: directory)
        }
    }

    @Test func truncatedAndMissingFiles() throws {
        try withCache { directory in
            for name in ["manifest.json", "shard-00001.safetensors"] {
                let url = directory.appending(path: name)
                let original = try Data(contentsOf: url)
                for length in [0, 1, 8, original.count / 2, original.count - 1] {
                    try original.prefix(length).write(to: url)
                    let error = #expect(throws: UserError.self, "\(name), \(length) bytes") {
                        try SignalCache(directory: directory)
                    }
                    #expect(error?.file?.hasSuffix(name) == true)
                }
                try FileManager.default.removeItem(at: url)
                let error = #expect(throws: UserError.self) { try SignalCache(directory: directory) }
                #expect(error?.status == .noInput)
                try original.write(to: url)
            }
            _ = try SignalCache(directory: directory)
        }
    }

    @Test func anotherFormat() throws {
        try withCache { directory in
            let url = SignalManifest.url(in: directory)
            let text = try String(contentsOf: url, encoding: .utf8)
            try text.replacingOccurrences(of: "\"format\" : 2", with: "\"format\" : 7")
                .write(to: url, atomically: true, encoding: .utf8)
            let error = #expect(throws: UserError.self) { try SignalCache(directory: directory) }
            #expect(error?.problem == "has format 7; this version reads 2")
        }
    }

    @Test func anotherStudent() throws {
        try withCache { directory in
            let cache = try SignalCache(directory: directory)
            let origin = cache.manifest.origin
            try cache.require(
                tokenizer: origin.tokenizerFingerprint, template: origin.template, vocabularySize: 97)
            func problem(_ tokenizer: Fingerprint, _ template: String?, _ vocabulary: Int) -> String? {
                #expect(throws: UserError.self) {
                    try cache.require(tokenizer: tokenizer, template: template, vocabularySize: vocabulary)
                }?.problem
            }
            let same = origin.tokenizerFingerprint
            let prefix = "was made for another student: "
            #expect(
                problem(Fingerprint(hashing: "other"), origin.template, 97) == prefix
                    + "the tokenizer differs")
            #expect(problem(same, nil, 97) == prefix + "the chat template differs")
            #expect(problem(same, origin.template, 98) == prefix + "the vocabulary is 98 here and 97 there")
            let all = try #require(problem(Fingerprint(hashing: "other"), "x", 98))
            #expect(all.split(separator: ";").count == 3)
        }
    }

    @Test func aDocumentThatIsNotThere() throws {
        try withCache { directory in
            let cache = try SignalCache(directory: directory)
            let stranger = Small.documents(1, seed: 99)
            for error in [
                #expect(throws: UserError.self) { try cache.signal(for: stranger) },
                #expect(throws: UserError.self) {
                    try cache.requireAll(EncodedCorpus(Small.documents(5) + stranger))
                },
            ] {
                #expect(error?.problem.contains("\(stranger[0].ids.count) tokens") == true)
            }
        }
    }

    /// Columns that contradict each other, under a manifest that vouches for them.
    @Test func shardsOfAnotherShape() throws {
        try withCache(.topK(k: 4)) { directory in
            let url = directory.appending(path: "shard-00000.safetensors")
            func open(_ kind: SparseKind, vocabulary: Int) throws {
                _ = try SignalShard(contentsOf: url, kind: kind, temperature: 1, vocabulary: vocabulary)
            }
            try open(.topK(k: 4), vocabulary: 97)
            #expect(throws: UserError.self) { try open(.topK(k: 5), vocabulary: 97) }
            #expect(throws: UserError.self) { try open(.topK(k: 4), vocabulary: 20) }
            #expect(throws: UserError.self) { try open(.sampled(head: 4, draws: 2), vocabulary: 97) }
        }
    }
}
