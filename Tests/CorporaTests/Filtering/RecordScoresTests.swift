import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

/// What a killed run has measured is not measured again.
@Suite struct RecordScoresTests {
    private func text(_ values: some Sequence<Int>) -> String {
        values.map { #"{"text": "\#($0)"}"# + "\n" }.joined()
    }

    private func run(
        _ text: String, _ model: ScriptedModel, in directory: URL, percentile: Double? = nil
    ) throws -> String {
        let corpus = directory.appending(path: "c.jsonl")
        try Data(text.utf8).write(to: corpus)
        let filter = PerplexityFilter(
            of: .all, under: model,
            keeping: .init(greatest: percentile == nil ? exp(4) : nil, greatestPercentile: percentile))
        let output = directory.appending(path: "kept.jsonl")
        _ = try FilterPipeline([filter]).run(
            CorpusReader([corpus]), to: output, in: directory, scores: directory.appending(path: "scores"))
        return try String(contentsOf: output, encoding: .utf8)
    }

    private func withKilledRun(_ text: String, _ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            #expect(throws: ScriptedModel.Failure.self) {
                _ = try run(text, ScriptedModel(failsAt: 7), in: directory)
            }
            try body(directory)
        }
    }

    @Test(arguments: [nil, 50.0]) func aSecondRunGoesOn(percentile: Double?) throws {
        let text = text(0..<10)
        try withKilledRun(text) { directory in
            let model = ScriptedModel()
            let kept = try run(text, model, in: directory, percentile: percentile)
            // Batches of 3: 6 were done.
            #expect(model.measured == 4)
            #expect(kept == self.text(0..<5))
            let fresh = try withTemporaryDirectory {
                try run(text, ScriptedModel(), in: $0, percentile: percentile)
            }
            #expect(kept == fresh)
        }
    }

    /// From the first record that is another on, values are measured again, also in the middle of a batch.
    @Test(arguments: [0, 1, 4, 5]) func anotherCorpusIsMeasuredFromWhereItDiffers(place: Int) throws {
        try withKilledRun(text(0..<10)) { directory in
            let values = (0..<10).map { $0 == place ? 1 : $0 }
            let model = ScriptedModel()
            #expect(try run(text(values), model, in: directory) == text(values.filter { $0 <= 4 }))
            let first = zip(values, 0..<10).prefix { $0 == $1 }.count
            #expect(model.measured == 10 - min(first, 6))
            // What was measured then is all there.
            let again = ScriptedModel()
            _ = try run(text(values), again, in: directory)
            #expect(again.measured == 0)
        }
    }

    @Test func anotherModelMeasuresAll() throws {
        try withKilledRun(text(0..<10)) { directory in
            let model = ScriptedModel(identity: "2")
            _ = try run(text(0..<10), model, in: directory)
            #expect(model.measured == 10)
        }
    }

    @Test func aDamagedFileIsReadUpToTheDamage() throws {
        try withKilledRun(text(0..<10)) { directory in
            let file = directory.appending(path: "scores/1-PerplexityFilter-perplexity.scores")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: file)
            let model = ScriptedModel()
            _ = try run(text(0..<10), model, in: directory)
            #expect(model.measured == 7)
        }
    }

    @Test func withoutADirectoryNothingIsLeft() throws {
        try withTemporaryDirectory { directory in
            let corpus = directory.appending(path: "c.jsonl")
            try Data(text(0..<10).utf8).write(to: corpus)
            let filter = PerplexityFilter(
                of: .all, under: ScriptedModel(), keeping: .init(greatestPercentile: 50))
            var kept = 0
            _ = try FilterPipeline([filter]).run(
                CorpusReader([corpus]), in: directory, kept: { _ in kept += 1 })
            #expect(kept == 5)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["c.jsonl"])
        }
    }
}
