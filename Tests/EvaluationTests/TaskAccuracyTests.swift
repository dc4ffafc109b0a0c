import Checkpoints
import Foundation
import Signals
import Support
import TestSupport
import Testing
import Tokenization
import Training
import Transformer

@testable import Evaluation

@Suite struct TaskFileTests {
    private func read(_ text: String, limit: Int? = nil) throws -> [TaskQuestion] {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "task.jsonl")
            try Data(text.utf8).write(to: url)
            return try TaskQuestion.read(url, limit: limit)
        }
    }

    private let sound = #"{"messages":[{"role":"user","content":"1 + 1?"}],"answers":["2","two"],"id":7}"#

    @Test func questionsAreRead() throws {
        let questions = try read(sound + "\n\n" + sound + "\n")
        #expect(questions.count == 2)
        #expect(questions[1].answers == ["2", "two"])
        #expect(try read(sound + "\n" + sound, limit: 1).count == 1)
    }

    @Test(arguments: [
        (#"{"messages":[{"role":"assistant","content":"x"}],"answers":["2"]}"#, "user's turn"),
        (#"{"messages":[],"answers":["2"]}"#, "\"messages\" is empty"),
        (#"{"messages":[{"role":"user","content":"x"}],"answers":[]}"#, "\"answers\" is empty"),
        (#"{"messages":[{"role":"user","content":"x"}]}"#, "answers"),
        (#"{"messages":[{"role":"wizard","content":"x"}],"answers":["2"]}"#, "wizard"),
        (#"{"messages":"#, ""),
    ])
    func faultsAreNamedByLine(line: String, mention: String) throws {
        let error = #expect(throws: UserError.self) { try read(sound + "\n" + line + "\n") }
        #expect(error?.file?.hasSuffix("task.jsonl") == true)
        #expect(error?.line == 2)
        #expect(error?.problem.contains(mention) == true || mention.isEmpty, "\(error?.description ?? "")")
        #expect(error?.status == .dataFormat)
    }

    @Test func anEmptyFileIsRefused() {
        let error = #expect(throws: UserError.self) { try read("\n\n") }
        #expect(error?.status == .noInput)
    }
}

@Suite struct TaskAccuracyTests {
    private let messages = [Message(role: .user, content: "Where is the lamp?")]

    /// A student that knows one chat by heart.
    private func trained() throws -> DecoderModel {
        struct Repeated: BatchSource {
            let batch: TrainingBatch
            func batches(forStep step: Int) -> [TrainingBatch] { [batch] }
        }
        let chat = try ChatTemplate.roleMarkers.encode(
            messages + [Message(role: .assistant, content: "In the hall.")], with: goldenTokenizer)
        let batch = TrainingBatch(tokens: TokenBatch(sequences: [chat.ids]), lossMask: chat.assistantMask)
        let decoder = try smallDecoder()
        let metrics = try Trainer(
            student: decoder, source: Repeated(batch: batch),
            options: TrainingOptions(
                steps: 120, losses: [WeightedLoss(.crossEntropy)], optimizer: .init(learningRate: 1e-2),
                saveInterval: .never)
        ).run()
        try #require(metrics!.loss < 0.3, "the chat was not learnt: \(metrics!.loss)")
        return decoder
    }

    @Test func answersAreComparedToTheLetter() throws {
        try withCheckpoint(trained()) { model in
            let accepted = [
                ["In the hall."], ["in the hall."], ["elsewhere", "  In the hall.\n"], ["In the"],
            ]
            let questions = accepted.map { TaskQuestion(messages: messages, answers: $0) }
            var answers: [TaskAccuracy.Answer] = []
            let result = try TaskAccuracy.measure(model, questions: questions) { answers.append($0) }
            #expect(answers.map(\.given) == Array(repeating: "In the hall.", count: 4))
            #expect(answers.map(\.isCorrect) == [true, false, true, false])
            #expect(answers.map(\.accepted) == accepted)
            #expect(result.correct == 2)
            #expect(result.accuracy == 0.5)
            #expect(result.standardError == 0.25)
            #expect(result.repetition == 0 && result.length >= 4)
            let format = try AnswerRule(format: "In the (.+)[.]")
            let ruled = try TaskAccuracy.measure(
                model, questions: [TaskQuestion(messages: messages, answers: ["hall"])], rule: format)
            #expect(ruled.correct == 1)
            // A system turn of the task stands before the question, as if it were part of it.
            var given: [String] = []
            let told = [Message(role: .system, content: "Be brief.")] + messages
            for (asked, system) in [(told, nil), (messages, "Be brief."), (messages, nil)] {
                _ = try TaskAccuracy.measure(
                    model, questions: [TaskQuestion(messages: asked, answers: ["x"])], system: system
                ) { given.append($0.given) }
            }
            #expect(given[0] == given[1])
            let cut = try TaskAccuracy.measure(model, questions: questions, maximumTokens: 1)
            #expect(cut.correct == 0, "an answer cut short is wrong")
        }
    }

    @Test func aQuestionMustFitTheContext() throws {
        try withCheckpoint(smallDecoder(contextLength: 16)) { model in
            let long = Message(role: .user, content: String(repeating: "lamp ", count: 40))
            let error = #expect(throws: UserError.self) {
                try TaskAccuracy.measure(
                    model, questions: [TaskQuestion(messages: [long], answers: ["x"])])
            }
            #expect(error?.problem.contains("question 1 of 1") == true)
            #expect(error?.problem.contains("context of 16") == true)
        }
    }
}
