import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import DatasetDistillation

@Suite struct DatasetDistillerTests {
    private static let corpus = try! EncodedCorpus(Small.documents(24))

    private func distill(
        _ statistic: MatchedStatistic, budget: Int = 40, isText: (Int) -> Bool = { _ in true },
        content: (Int) -> [Range<Int>]
    ) throws -> DatasetDistiller.Result {
        let model = try Small.decoder()
        let distiller = DatasetDistiller(
            model, isText: (0..<model.configuration.vocabularySize).map(isText),
            options: .init(statistic: statistic, steps: 30, learningRate: 0.05, seed: 1))
        return try distiller.distill(Self.corpus, content: { content($0) }, budget: budget) { _, _, _ in }
    }

    /// More than the document has.
    private func whole(_ document: Int) -> [Range<Int>] { [0..<Int(Self.corpus.lengths[document]) + 2] }

    @Test(arguments: MatchedStatistic.allCases)
    func comesNearerToTheCorpus(statistic: MatchedStatistic) throws {
        let result = try distill(statistic, content: whole)
        #expect(result.distance.last < 0.8 * result.distance.first, "\(result.distance)")
        #expect(result.sequences.ids.count <= 40 && result.sequences.count == result.origins.count)
        let again = try distill(statistic, content: whole)
        expectSameBits(result.sequences.embeddings.values, again.sequences.embeddings.values, "again")
        #expect(result.sequences.ids == again.sequences.ids)
    }

    /// Without content nothing is changed but what follows.
    @Test func onlyContentChanges() throws {
        let result = try distill(.gradient, content: { _ in [] })
        let model = try Small.decoder()
        let ids = try result.origins.flatMap { try Self.corpus.document($0).ids }
        #expect(result.sequences.ids == ids)
        expectSameBits(
            result.sequences.embeddings.values, model.embedded(ids).values, "embeddings")
        #expect(result.distance.last < result.distance.first)
    }

    /// A position is read as text, and markers stay.
    @Test func markersStay() throws {
        let isText: (Int) -> Bool = { $0 % 2 == 0 }
        let result = try distill(.distribution, isText: isText, content: whole)
        let ids = try result.origins.flatMap { try Self.corpus.document($0).ids }
        for (before, after) in zip(ids, result.sequences.ids) {
            #expect(isText(Int(before)) ? isText(Int(after)) : before == after)
        }
    }

    /// Labels are distributions, mostly of the token that followed.
    @Test func labels() throws {
        let sequences = try distill(.gradient, content: whole).sequences
        let labels = sequences.labels
        #expect(labels.positions == sequences.lossMask.count { $0 })
        for position in 0..<labels.positions {
            let entries = labels.offsets[position]..<labels.offsets[position + 1]
            let mass = labels.weights[entries].reduce(0, +) + labels.tails[position]
            #expect(abs(mass - 1) < 1e-4)
        }
    }

    @Test func nothingFits() {
        #expect(throws: UserError.self) { try distill(.gradient, budget: 1, content: whole) }
    }

    // MARK: - Files and batches

    private func file() -> URL { .temporaryDirectory.appending(path: "learned-\(UUID()).safetensors") }

    @Test func savedAndRead() throws {
        let sequences = try distill(.gradient, content: whole).sequences
        let url = file()
        defer { try? FileManager.default.removeItem(at: url) }
        try sequences.save(to: url)
        let (vocabulary, width) = (sequences.embeddings.width, try Small.decoder().configuration)
        #expect(vocabulary == width.width)
        let read = try SyntheticSequences(
            contentsOf: url, vocabularySize: width.vocabularySize, width: width.width)
        expectSameBits(read.embeddings.values, sequences.embeddings.values, "embeddings")
        #expect(read.ids == sequences.ids && read.segments == sequences.segments)
        #expect(read.lossMask == sequences.lossMask && read.labels.ids == sequences.labels.ids)
        #expect(
            read.labels.offsets == sequences.labels.offsets && read.labels.tails == sequences.labels.tails)
        #expect(throws: UserError.self) {
            try SyntheticSequences(
                contentsOf: url, vocabularySize: width.vocabularySize, width: width.width + 1)
        }
        #expect(throws: UserError.self) {
            try SyntheticSequences(contentsOf: url, vocabularySize: 2, width: width.width)
        }
    }

    /// Damage is refused, whatever it is.
    @Test func damagedFiles() throws {
        let sequences = try distill(.gradient, content: whole).sequences
        let configuration = try Small.decoder().configuration
        let url = file()
        defer { try? FileManager.default.removeItem(at: url) }
        func expectRefused(
            segments: [Int], lossMask: [Bool], sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            try SyntheticSequences(
                segments: segments, ids: sequences.ids, lossMask: lossMask, embeddings: sequences.embeddings,
                labels: sequences.labels
            ).save(to: url)
            #expect(throws: UserError.self, sourceLocation: sourceLocation) {
                try SyntheticSequences(
                    contentsOf: url, vocabularySize: configuration.vocabularySize, width: configuration.width)
            }
        }
        let (segments, lossMask) = (sequences.segments, sequences.lossMask)
        try expectRefused(segments: [0], lossMask: lossMask)
        try expectRefused(segments: [0, -1, lossMask.count], lossMask: lossMask)
        try expectRefused(segments: [0, lossMask.count + 1], lossMask: lossMask)
        try expectRefused(segments: segments, lossMask: lossMask.dropLast() + [!lossMask.last!])
        try expectRefused(segments: segments, lossMask: [true] + lossMask.dropFirst())
    }

    /// A batch of some sequences has their rows, targets and labels.
    @Test func batches() throws {
        let sequences = try distill(.gradient, budget: 60, content: whole).sequences
        try #require(sequences.count >= 3)
        let batch = sequences.batch([2, 0])
        let ranges = [2, 0].map { sequences.segments[$0]..<sequences.segments[$0 + 1] }
        #expect(batch.tokens.ids == ranges.flatMap { sequences.ids[$0] })
        #expect(batch.tokens.embeddings!.rows == batch.tokens.ids.count)
        let second = sequences.lossMask[ranges[0]].count { $0 }
        let before = sequences.lossMask[..<sequences.segments[2]].count { $0 }
        #expect(batch.signal!.positions == batch.targets.count)
        #expect(batch.signal!.tails.first == sequences.labels.tails[before])
        #expect(batch.signal!.tails[second] == sequences.labels.tails[0])
    }

    /// A model that reads the embeddings of tokens reads the tokens.
    @Test func embeddingsStandForTokens() throws {
        let model = try Small.decoder()
        let document = Small.documents(3)[2]
        let plain = TokenBatch(sequences: [document.ids])
        let given = TokenBatch(
            ids: plain.ids, segments: plain.segments,
            embeddings: model.embedded(plain.ids))
        expectSameBits(model.hiddenStates(plain).values, model.hiddenStates(given).values, "hidden states")
    }
}
