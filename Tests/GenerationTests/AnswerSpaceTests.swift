import Support
import Tensors
import Testing
import Tokenization

@testable import Generation
@testable import Transformer

/// Where a template puts a space before an answer, the model writes it with its first word, and nobody says it.
@Suite struct AnswerSpaceTests {
    private let template = ChatTemplate(
        system: .init(before: "", after: "\n\n"), user: .init(before: "User: ", after: "\n"),
        assistant: .init(before: "Assistant: ", after: "\n\n"))

    @Test func chatsAreShownAndKeptWithoutIt() throws {
        var begun = 0
        for seed in 0..<600 as Range<UInt64> {
            let author = try smallAuthor(seed: seed, template: template)
            let session = try ChatSession(
                decoder: author.decoder, tokenizer: author.tokenizer, template: template,
                stopIDs: author.stopIDs, options: SamplingOptions(maxNewTokens: 4), seed: seed)
            let question = [Message(role: .user, content: "Who sings?")]
            let request = GenerationRequest(
                prompt: try template.encode(question, with: author.tokenizer, addGenerationPrompt: true).ids,
                options: SamplingOptions(maxNewTokens: 4),
                stream: RandomStream(seed: seed, purpose: "chat", index: 0), stopIDs: author.stopIDs)
            var tokens: [Int32] = []
            try BatchGenerator(author.decoder, slots: 1).run([request]) { tokens = $0.tokens }
            let written = try author.tokenizer.decode(tokens)
            if written.hasPrefix(" ") { begun += 1 }
            var shown = ""
            let answer = try session.answer("Who sings?") { shown += $0 }
            #expect(shown == (written.hasPrefix(" ") ? String(written.dropFirst()) : written))
            #expect(answer.text == shown && session.history.last?.content == shown)
        }
        #expect(begun > 0)
    }

    @Test func recordsHoldAnswersWithoutIt() throws {
        let author = try smallAuthor(template: template)
        func record(_ question: SynthesisPrompt.Question) throws -> SyntheticRecord.Content {
            let conversation = Conversation(
                SynthesisPrompt(question), index: 0, sample: 0, author: author,
                options: Synthesis.Options(sampling: .init()))
            _ = try conversation.nextRequest()
            let tokens = author.tokenizer.encodeContent(" Pell sings.", continuing: true)
            for token in tokens { _ = conversation.append(token) }
            conversation.finish(GenerationResult(request: 0, tokens: tokens, reason: .stop))
            return conversation.record.content
        }
        let question = Message(role: .user, content: "Who sings?")
        #expect(
            try record(.chat([question]))
                == .messages([question, .init(role: .assistant, content: "Pell sings.")]))
        #expect(
            try record(.prompt("Who sings?")) == .completion(prompt: "Who sings?", completion: "Pell sings."))
        // The beginning of a text goes on as it is written.
        #expect(try record(.text("Listen:")) == .text("Listen: Pell sings."))
    }
}
