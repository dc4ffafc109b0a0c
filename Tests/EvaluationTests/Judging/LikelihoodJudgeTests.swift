import Checkpoints
import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Evaluation

@Suite struct LikelihoodJudgeTests {
    private func line(_ turns: [String]) -> String {
        let messages = turns.enumerated().map { index, text in
            "{\"role\": \"\(index % 2 == 0 ? "user" : "assistant")\", \"content\": \"\(text)\"}"
        }
        return "{\"messages\": [\(messages.joined(separator: ", "))]}\n"
    }

    private func judge(_ lines: [String], _ model: Checkpoint, in work: URL, by key: String? = nil) throws
        -> [Judgement]
    {
        let url = work.appending(path: "c.jsonl")
        try Data(lines.joined().utf8).write(to: url)
        let reader = CorpusReader([url])
        return try LikelihoodJudge(model, name: "small").judge(
            JudgeContext(reader: reader, groups: try AnswerGroups(reader, by: key), work: work)
        ).answers
    }

    @Test func theScoreIsTheMeanLogProbabilityOfTheLastAnswer() throws {
        try withCheckpoint(smallDecoder()) { model in
            try withTemporaryDirectory { work in
                let question = ["Where is the lamp?", "In the hall."]
                let found = try judge(
                    [line(question), line(question + ["And the key?", "Under a stone."])], model, in: work)
                let messages = question.enumerated().map {
                    Message(role: $0 % 2 == 0 ? .user : .assistant, content: $1)
                }
                let nll = try Evaluator(context: 128).perplexity(of: model, on: [.chat(messages)]).nll
                #expect(abs(try #require(found[0].score) + nll) < 1e-6)
                // Of the second chat the first answer is context.
                var context = messages
                context[1].isTrained = false
                context += [
                    Message(role: .user, content: "And the key?"),
                    Message(role: .assistant, content: "Under a stone."),
                ]
                let second = try Evaluator(context: 128).perplexity(of: model, on: [.chat(context)])
                #expect(abs(try #require(found[1].score) + second.nll) < 1e-6)
                #expect(found[1].details == [.init("tokens", .integer(second.tokens))])
            }
        }
    }

    @Test func answersThatDoNotFitHaveNoScore() throws {
        try withCheckpoint(smallDecoder(contextLength: 32)) { model in
            try withTemporaryDirectory { work in
                let long = String(repeating: "stone ", count: 40)
                let found = try judge(
                    [line(["q", long]), line(["q", "a"]), line([long, "a"])], model, in: work)
                #expect(found.map { $0.score != nil } == [false, true, false])
                #expect(found[0].reason?.contains("context of 32 tokens") == true)
            }
        }
    }

    @Test func anInterruptedRunGoesOnToTheSameScores() throws {
        try withCheckpoint(smallDecoder()) { model in
            try withTemporaryDirectory { work in
                // Several batches.
                let lines = (0..<150).map {
                    line(["Where is the lamp \($0)?", "In the hall of stone \($0)."])
                }
                let whole = try judge(lines, model, in: work)
                let log = work.appending(path: "likelihoods.jsonl")
                let written = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
                #expect(written.count > 1)
                // One batch, and a part of the next.
                try Data("\(written[0])\n\(written[1].prefix(20))".utf8).write(to: log)
                #expect(try judge(lines, model, in: work) == whole)
                #expect(try String(contentsOf: log, encoding: .utf8).split(separator: "\n") == written)
            }
        }
    }
}
