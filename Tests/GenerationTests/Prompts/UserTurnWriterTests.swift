import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Generation

/// Turns of the user that a model writes from its chat template's opening of one, or as an instruction asks.
@Suite struct UserTurnWriterTests {
    private func answers(_ writer: some PromptWriter, seed: UInt64, slots: Int = 4) throws
        -> [SyntheticRecord]
    {
        var sampling = SamplingOptions()
        sampling.maxNewTokens = 24
        let synthesis = Synthesis(author: try smallAuthor(), options: .init(sampling: sampling, seed: seed))
        var records: [SyntheticRecord] = []
        _ = try synthesis.run(prompts: writer.questions, slots: slots) {
            records.append(try JSONDecoder().decode(SyntheticRecord.self, from: $0))
        }
        return records
    }

    @Test func aModelWritesTheTurnAfterTheOpening() throws {
        let records = try answers(MagpieWriter(count: 8, system: "Wess keeps a goat."), seed: 1)
        #expect(records.count == 8)
        for record in records {
            guard case .messages(let messages, _) = record.content else { throw CancellationError() }
            #expect(messages.map(\.role) == [.system, .user])
        }
        // The same requests have different random numbers; the same seed gives the same turns.
        #expect(Set(records.map { "\($0.content)" }).count > 4)
        let writer = MagpieWriter(count: 8, system: "Wess keeps a goat.")
        #expect(try answers(writer, seed: 1, slots: 2).map(\.content) == records.map(\.content))
        #expect(try answers(writer, seed: 2).map(\.content) != records.map(\.content))
    }

    /// What the model is given is the chat up to the user's content: greedily it says what it says after those tokens.
    @Test func theModelIsGivenTheOpening() throws {
        let author = try smallAuthor()
        let history = [
            Message(role: .user, content: "Who sings?"), Message(role: .assistant, content: "Tamsin."),
        ]
        let opening = try ChatTemplate.roleMarkers.userTurn(after: history, with: smallTokenizer)
        let prompt = SynthesisPrompt(.userTurn(after: history))
        let conversation = Conversation(
            prompt, index: 0, sample: 0, author: author, options: .init(sampling: .init()))
        let request = try #require(try conversation.nextRequest())
        #expect(request.prompt == opening.ids)
        #expect(request.stopIDs == opening.stopIDs.union(author.stopIDs))
        #expect(!conversation.hasMore)
    }

    @Test func magpieTakesWholeTurns() {
        let writer = MagpieWriter(count: 1, system: "S", round: 3)
        let found = writer.prompts(in: " Who sings here?\n", isWhole: true, to: 0)
        #expect(found.map(\.question) == ["Who sings here?"])
        #expect(found[0].messages[0] == Message(role: .system, content: "S"))
        #expect(found[0].meta["kind"] == .string("magpie") && found[0].meta["round"] == .integer(3))
        #expect(writer.prompts(in: "Who sings", isWhole: false, to: 0).isEmpty)
        #expect(writer.prompts(in: " 12 ", isWhole: true, to: 0).isEmpty)
        // A completion begins with the opening, which is not part of the turn.
        let opened = MagpieWriter(count: 2, opening: "<u>\n")
        #expect(opened.questions.map(\.question) == [.text("<u>\n"), .text("<u>\n")])
        #expect(opened.prompts(in: "<u>\nWho sings?", isWhole: true, to: 1).map(\.question) == ["Who sings?"])
    }

    private func chats(_ lines: String) throws -> [AnsweredChat] {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "c.jsonl")
            try Data(lines.utf8).write(to: url)
            return try AnsweredChat.read(url)
        }
    }

    private static let chat =
        #"{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Who sings?"}, {"role": "assistant", "content": "Tamsin."}]"#

    /// The parent and the origin are those of the prompt that `generate` answered.
    @Test func continuedChatsKnowWhereTheyComeFrom() throws {
        let read = try chats(
            """
            \(Self.chat), "meta": {"model": "m", "source": {"id": "p1", "origin": "o1", "kind": "grid"}}}
            \(Self.chat), "meta": {"id": "p2", "origin": "o2"}}
            \(Self.chat)}

            """)
        let id = PromptRecord.id(of: Array(read[2].messages.prefix(2)))
        #expect(read.map(\.origin) == ["o1", "o2", id])
        #expect(read.map(\.id) == [.string("p1"), .string("p2"), .string(id)])
        let writer = ContinuationWriter(read, instruction: try PromptTemplate("Next?\n{chat}"))
        #expect(
            writer.questions[0].question
                == .chat([
                    Message(role: .user, content: "Next?\nUser: Who sings?\n\nAssistant: Tamsin.")
                ]))
        let next = writer.prompts(in: "User: And who dances? ", isWhole: true, to: 0)
        #expect(
            next.map(\.messages) == [read[0].messages + [Message(role: .user, content: "And who dances?")]])
        #expect(next[0].meta["origin"] == .string("o1") && next[0].meta["kind"] == .string("continue"))
        #expect(next[0].meta["parents"] == .array([.string("p1")]))
        #expect(writer.prompts(in: "Who sings?", isWhole: true, to: 0).isEmpty)
        #expect(writer.prompts(in: "And who", isWhole: false, to: 0).isEmpty)
        let opened = ContinuationWriter(read, instruction: nil)
        #expect(opened.questions[1].question == .userTurn(after: read[1].messages))
    }

    @Test(arguments: [
        (#"{"prompt": "Who sings?"}"#, "is not a chat that can be continued"),
        (#"{"text": "Who sings?"}"#, "is not a chat that can be continued"),
        (
            chat + #", "tools": [{"type": "function", "function": {"name": "f"}}]}"#,
            "is a chat with tools, which is not continued"
        ),
    ])
    func whatCannotBeContinuedIsNamed(line: String, problem: String) throws {
        let error = #expect(throws: UserError.self) { try chats("\(Self.chat)}\n\(line)\n") }
        #expect(error?.problem == problem && error?.line == 2)
    }

    /// A prompt says which model wrote it, and how.
    @Test func provenanceIsKept() throws {
        try withTemporaryDirectory { directory in
            let writer = MagpieWriter(count: 12)
            var sampling = SamplingOptions(temperature: 0.9)
            sampling.maxNewTokens = 24
            let synthesis = Synthesis(
                author: try smallAuthor(), options: .init(sampling: sampling, seed: 5))
            let file = directory.appending(path: "answers.jsonl")
            try synthesis.run(prompts: writer.questions, into: file)
            var written = WrittenPrompts(leastWords: 1, similarity: 1)
            try written.add(answersIn: file, of: writer)
            #expect(written.counts.answers == 12)
            let prompt = try #require(written.prompts.first)
            let provenance = try #require(prompt.meta["written"])
            #expect(provenance["model"] == .string("small") && provenance["seed"] == .integer(5))
            #expect(provenance["sampling"]?["temperature"] != nil && provenance["request"] != nil)
        }
    }

    @Test func novelPromptsOnlyWhereThatIsAskedFor() {
        let writer = MagpieWriter(count: 1)
        for (similarity, kept) in [(0.7, 1), (nil, 2)] as [(Double?, Int)] {
            var written = WrittenPrompts(similarity: similarity)
            for _ in 0..<2 { written.add("Who sings here today?", isWhole: true, to: 0, of: writer) }
            #expect(written.counts.kept == kept)
        }
    }
}
