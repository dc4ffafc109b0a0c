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
            guard case .chat(let messages, _) = chat else { return }
            let encoded = try template.encode(messages, with: goldenTokenizer)
            let windows = try Evaluator(context: 128).windows([chat], for: model)
            #expect(windows == [Window(ids: encoded.ids, lossMask: encoded.assistantMask)])
            let all = try Evaluator(context: 128, scope: .all).windows([chat], for: model)
            #expect(all[0].lossMask == encoded.ids.indices.map { $0 > 0 })
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
                #expect(window.lossMask == [false, false, false, false, true, true])
            }
        }
    }

    /// Faults found, line 7: a context above the model's was cut without a word, and the stride stayed half of what was asked,
    /// so that windows no longer overlapped.
    @Test func theWindowIsTheModelsContextAtMostAndTheStrideHalfOfIt() throws {
        try withCheckpoint(smallDecoder(contextLength: 16)) { model in
            let text = CorpusRecord.text(String(repeating: "The lamp is red. ", count: 20))
            let windows = try Evaluator().windows([text], for: model)
            #expect(windows.count > 1)
            #expect(windows.allSatisfy { $0.ids.count <= 16 })
            #expect(
                windows[1].lossMask == Array(repeating: false, count: 8) + Array(repeating: true, count: 8))
            let error = #expect(throws: UserError.self) {
                try Evaluator(context: 17).windows([text], for: model)
            }
            #expect(error?.problem == "a context of 17 tokens exceeds the model's, 16")
            let stride = #expect(throws: UserError.self) {
                try Evaluator(stride: 17).windows([text], for: model)
            }
            #expect(stride?.problem.contains("exceeds the context of 16") == true)
        }
    }

    /// Faults found, line 6: a text is scored as Hugging Face's guide does, without an end token; a chat keeps the marker
    /// that ends an answer.
    @Test func textsAreNotEnded() throws {
        try withCheckpoint(smallDecoder()) { model in
            let text = "The lamp is red.\n\nThe key is in the hall."
            let begin = try #require(goldenTokenizer.beginID)
            let windows = try Evaluator(context: 128).windows([.text(text)], for: model)
            #expect(windows.map(\.ids) == [[begin] + goldenTokenizer.encodeContent(text)])
            #expect(windows[0].lossMask.count { $0 } == windows[0].ids.count - 1)
            let answer = try Evaluator(context: 128).windows([chat], for: model)
            let end = try #require(ChatTemplate.roleMarkers.endID(in: goldenTokenizer))
            #expect(answer[0].ids.last == end && answer[0].lossMask.last == true)
        }
    }

    /// Faults found, lines 6 and 15: a text file is one document, whose windows are those of its text in memory, however
    /// it is read.
    @Test func aFileIsOneDocument() throws {
        let text = (0..<3000).map { "The lamp \($0) is red.\(Bool.random() ? "\n\n" : " ")" }.joined()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "book.txt")
            try Data(text.utf8).write(to: url)
            try withCheckpoint(smallDecoder(contextLength: 16)) { model in
                let whole = try Evaluator().perplexity(of: model, on: [.text(text)])
                let file = try Evaluator().perplexity(
                    of: model, on: CorpusReader([url], documents: .file))
                #expect(file == whole)
                #expect(file.counted?.documents == 1)
                let paragraphs = try Evaluator().perplexity(of: model, on: CorpusReader([url]))
                #expect(try #require(paragraphs.counted).documents > 1)
                // As llama-perplexity does: one text, without its last line break.
                try Data((text + "\n").utf8).write(to: url)
                let stream = Evaluator(convention: .llamaCpp)
                #expect(
                    try stream.perplexity(of: model, on: CorpusReader([url], documents: .file))
                        == stream.perplexity(of: model, on: [.text(text)]))
            }
        }
    }

    /// Faults found, line 6: whether texts begin with the begin token is the tokenizer's own choice.
    @Test func textsBeginAsTheTokenizerSays() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            try Checkpoint.save(
                decoder: smallDecoder(), tokenizer: goldenTokenizer, template: .roleMarkers, to: url)
            #expect(try Checkpoint.load(url).beginsTexts)
            let file = url.appending(path: "tokenizer_config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("\"add_bos_token\" : true", with: "\"add_bos_token\" : false").utf8)
                .write(to: file)
            let model = try Checkpoint.load(url)
            #expect(!model.beginsTexts)
            let windows = try Evaluator().windows([.text("The lamp is red.")], for: model)
            #expect(windows.map(\.ids) == [goldenTokenizer.encodeContent("The lamp is red.")])
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
