import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Generation

@Suite struct ChatSessionTests {
    private func session(
        contextLength: Int = 96, options: SamplingOptions = .greedy(maxNewTokens: 12), stop: [String] = [],
        system: String? = nil
    ) throws -> ChatSession {
        let author = try smallAuthor(contextLength: contextLength)
        return try ChatSession(
            decoder: author.decoder, tokenizer: author.tokenizer, template: .roleMarkers,
            stopIDs: author.stopIDs,
            options: options, stop: stop, seed: 9, system: system)
    }

    @Test func piecesMakeUpTheAnswerAndTheHistory() throws {
        let session = try session(options: SamplingOptions(maxNewTokens: 12))
        var shown = ""
        let answer = try session.answer("Who sings?") { shown += $0 }
        #expect(shown == answer.text && !shown.isEmpty)
        #expect(
            session.history == [
                Message(role: .user, content: "Who sings?"), Message(role: .assistant, content: shown),
            ])
    }

    /// A session that continues from its cache says what a fresh one says that is told everything.
    @Test func historyIsSeenAndResetForgetsIt() throws {
        let first = try session()
        let opening = try first.answer("Who sings?") { _ in }.text
        let followUp = try first.answer("Where does Pell live?") { _ in }.text
        let author = try smallAuthor()
        let generator = try BatchGenerator(author.decoder, slots: 1)
        let chat = [
            Message(role: .user, content: "Who sings?"), Message(role: .assistant, content: opening),
            Message(role: .user, content: "Where does Pell live?"),
        ]
        let ids = try ChatTemplate.roleMarkers.encode(chat, with: author.tokenizer, addGenerationPrompt: true)
            .ids
        let request = GenerationRequest(
            prompt: ids, options: .greedy(maxNewTokens: 12), stream: .init(seed: 0, purpose: "chat"),
            stopIDs: author.stopIDs)
        var tokens: [Int32] = []
        try generator.run([request]) { tokens = $0.tokens }
        #expect(try author.tokenizer.decode(tokens) == followUp)
        first.reset()
        #expect(first.history.isEmpty)
        #expect(try first.answer("Who sings?") { _ in }.text == opening)
    }

    @Test func instructionsCount() throws {
        let (plain, instructed) = (try session(), try session(system: "Wess keeps a goat."))
        let texts = try [plain, instructed].map { try $0.answer("Who sings?") { _ in }.text }
        #expect(texts[0] != texts[1])
        plain.system = "Wess keeps a goat."
        plain.reset()
        #expect(try plain.answer("Who sings?") { _ in }.text == texts[1])
    }

    @Test func theOldestTurnsAreForgottenWhenTheContextIsFull() throws {
        let session = try session(contextLength: 64)
        var forgotten = 0
        for _ in 0..<8 {
            let answer = try session.answer("Who sings?") { _ in }
            forgotten += answer.forgotten
            #expect(answer.tokens > 0 || answer.reason == .stop)
        }
        #expect(forgotten > 0 && forgotten % 2 == 0)
        #expect(session.history.count == 16 - forgotten)
        #expect(session.history[0].role == .user)
    }

    @Test func aMessageThatCannotFitIsAnErrorAndLeavesTheHistory() throws {
        let session = try session(contextLength: 64)
        _ = try session.answer("Who sings?") { _ in }
        let before = session.history
        #expect(throws: UserError.self) {
            try session.answer(String(repeating: "Pell and Orrin. ", count: 40)) { _ in }
        }
        #expect(session.history == before)
    }

    @Test func cancelledAnswersStayAsFarAsTheyCame() throws {
        let session = try session(options: SamplingOptions(maxNewTokens: 60))
        var asked = 0
        let answer = try session.answer(
            "Who sings?",
            isCancelled: {
                asked += 1; return asked > 5
            }
        ) { _ in }
        #expect(answer.reason == .cancelled && answer.tokens < 6)
        #expect(session.history.last == Message(role: .assistant, content: answer.text))
    }
}

@Suite struct AnswerTextTests {
    /// Feeds a text through, a token for each byte, and gives what was shown at each step.
    private func shown(_ text: String, stop: [String]) -> (steps: [String], answer: AnswerText) {
        var answer = AnswerText(smallTokenizer, stop: stop)
        let bytes = text.utf8.map { smallTokenizer.id(of: "<0x" + hex($0) + ">")! }
        var steps = bytes.map { answer.append($0) }
        steps.append(answer.finish())
        return (steps, answer)
    }

    private func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
    }

    @Test func withoutStopStringsTextIsShownAtOnce() {
        let (steps, answer) = shown("abä", stop: [])
        #expect(steps == ["a", "b", "", "ä", ""])
        #expect(answer.text == "abä" && !answer.isStopped)
    }

    @Test func whatMayBecomeAStopStringIsHeldBack() {
        let (steps, answer) = shown("aEND", stop: ["EN!", "END"])
        #expect(steps == ["a", "", "", "", ""])
        #expect(answer.text == "a" && answer.isStopped)
        let (other, rest) = shown("aENx", stop: ["END"])
        #expect(other == ["a", "", "", "ENx", ""])
        #expect(rest.text == "aENx" && !rest.isStopped)
        #expect(shown("aEN", stop: ["END"]).steps == ["a", "", "", "EN"])
    }

    @Test func theEarliestStopStringCounts() {
        #expect(shown("one two three", stop: ["three", "wo t", "two three"]).answer.text == "one t")
        #expect(shown("ababac", stop: ["abac"]).answer.text == "ab")
        #expect(shown("xäöy", stop: ["ö"]).answer.text == "xä")
    }

    @Test func textAfterAStopStringIsNotShown() {
        let (steps, answer) = shown("a.b", stop: ["."])
        #expect(steps.joined() == "a" && answer.text == "a")
    }
}
