import Checkpoints
import Corpora
import Foundation
import MethodFixtures
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Selection

@Suite struct HiddenStateScorerTests {
    private let texts = [
        "Pell keeps a goat.", "Where does Wess live?", "", "Orrin sings by the river, and sings.",
    ]

    private func withModel(_ body: (Checkpoint) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: smallTokenizer.vocabularySize, width: 32, layers: 3, heads: 2,
                    feedForward: 64, contextLength: 64), seed: 1)
            let url = directory.appending(path: "model")
            try Checkpoint.save(decoder: decoder, tokenizer: smallTokenizer, template: .roleMarkers, to: url)
            try body(Checkpoint.load(url))
        }
    }

    private func values(_ scorer: HiddenStateScorer, _ texts: [String]) throws -> [[Float]] {
        var values: [[Float]] = []
        try scorer.score(
            texts.enumerated().map {
                CandidateRecord(.text($1), at: RecordLocation(file: "c.txt", line: $0 + 1))
            }
        ) { batch, _ in values += batch }
        return values
    }

    /// The mean over the positions before each token, of length 1, of the last or of another layer.
    @Test(arguments: [nil, 1, 3]) func valuesAreMeansOfHiddenStates(layer: Int?) throws {
        try withModel { model in
            // More than a batch.
            let many = (0..<120).flatMap { _ in texts }
            let found = try values(HiddenStateScorer(model, of: .all, layer: layer), many)
            #expect(found.count == many.count && found[2].isEmpty)
            for index in [0, 1, 3, 4 * 119 + 3] {
                let ids =
                    [try #require(smallTokenizer.beginID)]
                    + smallTokenizer.encodeContent(many[index])
                let states = model.decoder.activations(TokenBatch(sequences: [ids]))
                let tensor = layer.map { states.hidden[$0 - 1] } ?? states.final
                var mean = (0..<tensor.width).map { i in
                    (0..<ids.count - 1).reduce(Float(0)) { $0 + tensor.pointer(row: $1)[i] }
                }
                let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
                mean = mean.map { $0 / length }
                expectClose(found[index], mean.map(Double.init), relative: 1e-4, absolute: 1e-6)
            }
        }
    }

    @Test func longRecordsAreTruncatedAndLimitsAreChecked() throws {
        try withModel { model in
            let long = Array(repeating: texts[3], count: 30).joined(separator: " ")
            let scorer = try HiddenStateScorer(model, of: .all, context: 16)
            let (whole, start) = (try values(scorer, [long]), try values(scorer, [String(long.prefix(200))]))
            #expect(whole == start)
            let layer = #expect(throws: UserError.self) { try HiddenStateScorer(model, of: .all, layer: 4) }
            #expect(layer?.problem == "there is no layer 4: the model has 3")
            #expect(throws: UserError.self) { try HiddenStateScorer(model, of: .all, context: 65) }
            #expect(
                try scorer.identity != HiddenStateScorer(model, of: .all, layer: 3, context: 16).identity)
        }
    }
}
