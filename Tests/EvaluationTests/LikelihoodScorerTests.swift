import Checkpoints
import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Evaluation

/// A record's perplexity in a filter is what an evaluation says of that record alone.
@Suite struct LikelihoodScorerTests {
    private let records: [CorpusRecord] = [
        .chat([
            Message(role: .user, content: "Where is the lamp?"),
            Message(role: .assistant, content: "In the hall."),
        ]),
        .text(String(repeating: "The lamp is red. ", count: 20)),
        .chat([Message(role: .user, content: "Who sings?")]),
        .text(""),
        .chat([
            Message(role: .system, content: "Be brief."), Message(role: .user, content: "Who sings?"),
            Message(role: .assistant, content: "Mira."), Message(role: .user, content: "Where?"),
            Message(role: .assistant, content: "At the well."),
        ]),
    ]

    private func candidates(_ records: [CorpusRecord]) -> [CandidateRecord] {
        records.enumerated().map {
            CandidateRecord($1, at: RecordLocation(file: "c.jsonl", line: $0 + 1))
        }
    }

    private func values(_ scorer: LikelihoodScorer, _ records: [CorpusRecord]) throws -> [Float?] {
        var values: [Float?] = []
        try scorer.score(candidates(records)) { batch, _ in values += batch.map(\.first) }
        return values
    }

    @Test(arguments: [TextPart.answer, .all]) func valuesAreThoseOfAnEvaluation(part: TextPart) throws {
        try withCheckpoint(smallDecoder()) { model in
            let found = try values(LikelihoodScorer(model, of: part, context: 32), records)
            for (record, value) in zip(records, found) {
                let evaluator = Evaluator(context: 32, scope: part == .answer ? .assistant : .all)
                guard let perplexity = try? evaluator.perplexity(of: model, on: [record]) else {
                    #expect(value == nil)
                    continue
                }
                expectClose([try #require(value)], [perplexity.nll])
            }
            #expect(found.map { $0 == nil } == [false, false, part == .answer, true, false])
        }
    }

    /// Tokens of an answer and of its prompt are all tokens but the first.
    @Test func thePromptIsWhatIsNotTheAnswer() throws {
        try withCheckpoint(smallDecoder()) { model in
            let chat = [records[4]]
            func mean(_ part: TextPart) throws -> (Double, Int) {
                let template = model.chatTemplate ?? .roleMarkers
                let document = try PartEncoder(
                    of: part, tokenizer: goldenTokenizer, template: template, addsBegin: true
                ).document(candidates(chat)[0])
                return (
                    Double(try #require(values(LikelihoodScorer(model, of: part), chat)[0])),
                    document.targetCount
                )
            }
            let (prompt, answer, all) = (try mean(.prompt), try mean(.answer), try mean(.all))
            #expect(prompt.1 + answer.1 == all.1)
            expectClose(
                [Float(prompt.0 * Double(prompt.1) + answer.0 * Double(answer.1))],
                [all.0 * Double(all.1)])
        }
    }

    /// A hidden prompt changes what precedes the answer and not the answer.
    @Test func aHiddenPromptIsEmpty() throws {
        try withCheckpoint(smallDecoder()) { model in
            let hidden = try LikelihoodScorer(model, of: .answer, hidesPrompt: true)
            let empty = records.map { record -> CorpusRecord in
                guard case .chat(let messages, _) = record else { return .text("") }
                return .chat(
                    messages.map { $0.role == .assistant ? $0 : Message(role: $0.role, content: "") })
            }
            #expect(
                try values(hidden, records) == values(LikelihoodScorer(model, of: .answer), empty))
            #expect(
                try values(hidden, records)[0] != values(LikelihoodScorer(model, of: .answer), records)[0])
        }
    }

    /// Many records fill several batches; each is that of the record alone, in order, and all are passed on.
    @Test func batchesDoNotMatter() throws {
        try withCheckpoint(smallDecoder()) { model in
            let many = (0..<60).flatMap { _ in records }
            let scorer = try LikelihoodScorer(model, of: .all, context: 64)
            var sizes: [Int] = []
            var found: [Float?] = []
            try scorer.score(candidates(many)) { batch, _ in
                sizes.append(batch.count)
                found += batch.map(\.first)
            }
            #expect(sizes.count > 2 && found.count == many.count)
            let alone = try values(scorer, records)
            for (index, value) in found.enumerated() {
                let expected = alone[index % records.count]
                #expect((value == nil) == (expected == nil))
                if let value, let expected { expectClose([value], [Double(expected)]) }
            }
        }
    }

    @Test func anotherMeasureHasAnotherIdentity() throws {
        try withCheckpoint(smallDecoder()) { model in
            let scorers = [
                try LikelihoodScorer(model, of: .all), try LikelihoodScorer(model, of: .answer),
                try LikelihoodScorer(model, of: .answer, hidesPrompt: true),
                try LikelihoodScorer(model, of: .all, context: 64),
                try LikelihoodScorer(model.writing(.chatML), of: .all),
            ]
            #expect(Set(scorers.map(\.identity)).count == scorers.count)
            #expect(try scorers[0].identity == LikelihoodScorer(model, of: .all).identity)
            let error = #expect(throws: UserError.self) {
                try LikelihoodScorer(model, of: .all, context: 129)
            }
            #expect(error?.problem == "a context of 129 tokens exceeds the model's, 128")
        }
    }
}
