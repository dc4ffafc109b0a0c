import Checkpoints
import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Evaluation

@Suite struct EvaluatorTests {
    private let chat = CorpusRecord.chat([
        Message(role: .user, content: "Where is the lamp?"),
        Message(role: .assistant, content: "In the hall."),
    ])

    @Test func chatsAreScoredWhereTheAssistantSpeaks() throws {
        try withCheckpoint(smallDecoder()) { model in
            let template = ChatTemplate.roleMarkers
            guard case .chat(let messages) = chat else { return }
            let encoded = try template.encode(messages, with: goldenTokenizer)
            let windows = try Evaluator(context: 128).windows([chat], for: model)
            #expect(windows == [Window(ids: encoded.ids, isScored: encoded.assistant)])
            let all = try Evaluator(context: 128, scope: .all).windows([chat], for: model)
            #expect(all[0].isScored == encoded.ids.indices.map { $0 > 0 })
        }
    }

    /// One begin token for the whole file, no end tokens, and the blank lines back in their places.
    @Test func paragraphsAreOneStreamForLlamaCpp() throws {
        try withCheckpoint(smallDecoder()) { model in
            let (one, two) = ("The lamp is red.", "The key is in the hall.")
            let begin = try #require(goldenTokenizer.beginID)
            let stream = [begin] + goldenTokenizer.encodeContent(one + "\n\n" + two)
            let windows = try Evaluator(convention: .llamaCpp, context: 6)
                .windows([.text(one), .text(two)], for: model)
            #expect(windows.count == stream.count / 6)
            for (index, window) in windows.enumerated() {
                #expect(window.ids == [begin] + stream[index * 6 + 1..<index * 6 + 6])
                #expect(window.isScored == [false, false, false, false, true, true])
            }
        }
    }

    @Test func windowsAreNoLongerThanTheModelsContext() throws {
        try withCheckpoint(smallDecoder(contextLength: 16)) { model in
            let text = CorpusRecord.text(String(repeating: "The lamp is red. ", count: 20))
            let windows = try Evaluator(context: 256, stride: 200).windows([text], for: model)
            #expect(windows.count > 1)
            #expect(windows.allSatisfy { $0.ids.count <= 16 })
        }
    }

    @Test func aTextTooShortToScoreIsRefused() throws {
        try withCheckpoint(smallDecoder()) { model in
            let error = #expect(throws: UserError.self) {
                try Evaluator(convention: .llamaCpp, context: 128).windows([.text("short")], for: model)
            }
            #expect(error?.problem.contains("too short") == true)
        }
    }

    @Test func modelsWithOtherTokenizersAreNotCompared() throws {
        let other = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let decoder = try smallDecoder(vocabulary: other.vocabularySize)
        try withCheckpoint(smallDecoder()) { teacher in
            try withCheckpoint(decoder, tokenizer: other) { student in
                let error = #expect(throws: UserError.self) {
                    try Evaluator(context: 64).agreement(of: student, with: teacher, on: [chat])
                }
                #expect(error?.problem.contains("another tokenizer") == true)
                #expect(error?.status == .configuration)
            }
            let same = try Evaluator(context: 64).agreement(of: teacher, with: teacher, on: [chat])
            #expect(same.topAgreement == 1)
        }
    }

    /// Markers are no text: the bytes are those of the answer.
    @Test func bytesAreThoseOfTheText() throws {
        try withCheckpoint(smallDecoder()) { model in
            let result = try Evaluator(context: 128).perplexity(of: model, on: [chat])
            let bits = result.nll * Double(result.tokens) / log(2)
            #expect(abs(try #require(result.bitsPerByte) - bits / Double("In the hall.".utf8.count)) < 1e-9)
        }
    }

    @Test func progressIsReportedInWindows() throws {
        try withCheckpoint(smallDecoder()) { model in
            var events: [ProgressEvent] = []
            _ = try Evaluator(context: 128).perplexity(of: model, on: [chat, chat]) { events.append($0) }
            guard case .began(_, 2, "windows")? = events.first, case .advanced(_, 2, _, _)? = events.last
            else {
                Issue.record("\(events)")
                return
            }
        }
    }
}
