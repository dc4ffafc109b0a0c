import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Generation

/// Probabilities of tokens, in the forms of several servers.
@Suite struct ScoreReaderTests {
    private let texts: TokenTexts
    /// "the", " the" and "A" in the vocabulary of `smallBytePair`.
    private let the: Int32 = 257
    private let spaceThe: Int32 = 258
    private let a: Int32 = 65

    init() throws { texts = TokenTexts(try smallBytePair()) }

    private func scores(
        _ json: String, _ ids: [Int32] = [65, 257, 258], wanted: ScoredPrompt.Wanted = .next, k: Int = 4,
        tokens: Int? = nil
    ) throws -> PromptScores {
        try ScoreReader(ScoredPrompt(ids: ids, wanted: wanted, form: .ids, k: k, texts: texts)).scores(
            in: OrderedJSON(Data(json.utf8), name: "choice"), promptTokens: tokens)
    }

    private func problem(
        _ json: String, wanted: ScoredPrompt.Wanted = .rows([0, 1]), tokens: Int? = nil
    ) -> String? {
        #expect(throws: UserError.self, "\(json)") { try scores(json, wanted: wanted, tokens: tokens) }?
            .problem
    }

    @Test func theVocabularyIsAsItIsThoughtToBe() {
        #expect([the, spaceThe, a].map(texts.tokenizer.piece) == ["the", "\u{120}the", "A"])
        #expect(texts.id(of: " the") == spaceThe && texts.id(of: "token_id:257") == the)
        // Bytes that are no characters, control tokens, and what no token is.
        for text in ["", "\u{FFFD}", "nothing", "token_id:9999", "token_id:x"] {
            #expect(texts.id(of: text) == nil)
        }
        #expect(texts.isText("", of: 261) && texts.isText("<|end|>", of: 261) && !texts.isText("x", of: 261))
    }

    /// llama.cpp's entries name tokens by ids; their texts lack the space before a word (its issue 11728).
    @Test func idsComeBeforeTexts() throws {
        let found = try scores(
            #"{"logprobs": {"content": [{"token": "x", "top_logprobs": [{"id": 258, "token": "the", "bytes": [116], "logprob": -0.5}, {"id": 257, "token": "the", "logprob": -1.5}]}]}}"#
        )
        #expect(found.ids == [[spaceThe, the]] && found.logProbabilities == [[-0.5, -1.5]])
        let native = try scores(
            #"{"completion_probabilities": [{"id": 65, "top_logprobs": [{"id": 65, "token": "A", "logprob": -0.25}]}]}"#
        )
        #expect(native.ids == [[a]])
    }

    /// Two entries with one text are two tokens, none of which is known (vLLM's issue 44319).
    @Test func aTextThatOccursTwiceNamesNoToken() throws {
        let found = try scores(
            #"{"logprobs": {"content": [{"top_logprobs": [{"token": "the", "logprob": -0.5}, {"token": "A", "logprob": -1}, {"token": "the", "logprob": -3}]}]}}"#
        )
        #expect(found.ids == [[a]])
        let bytes = try scores(
            #"{"logprobs": {"content": [{"top_logprobs": [{"token": "?", "bytes": [32, 116, 104, 101], "logprob": -0.5}, {"token": "A", "bytes": [195], "logprob": -1}]}]}}"#
        )
        #expect(bytes.ids == [[spaceThe]])
    }

    @Test func theTokenOfThePromptIsKnownByItsPlace() throws {
        // The bytes 195 and 169 of a prompt have no texts of their own.
        let found = try scores(
            #"{"logprobs": {"tokens": ["A", "\#u{FFFD}", "\#u{FFFD}", "x"], "token_logprobs": [null, -0.5, -4, -1], "top_logprobs": [null, {"\#u{FFFD}": -0.5, " the": -1.5}, {"the": -0.1, "A": -3, " the": -3.5, "\#u{FFFD}": -4}, {}]}}"#,
            [65, 195, 169], wanted: .rows([0, 1]), k: 3)
        #expect(found.isEchoed && found.ids == [[195, spaceThe], [the, a, spaceThe]])
        #expect(found.logProbabilities == [[-0.5, -1.5], [-0.1, -3, -3.5]])
    }

    @Test func whatIsMissingOrWrongIsSaid() {
        #expect(problem("{}") == "no log-probabilities of the prompt in its answer")
        #expect(problem("{}", wanted: .next) == "no log-probabilities in its answer")
        #expect(
            problem(#"{"prompt_logprobs": [null, {"257": {"logprob": -1}}, null]}"#)
                == "no log-probabilities of token 2 of the prompt")
        #expect(
            problem(#"{"prompt_logprobs": [null, {"5": {"logprob": -1}}, {"258": {"logprob": -1}}]}"#)
                == "it reads other tokens: another token 1 where the tokenizer has \"the\"")
        #expect(
            problem(#"{"prompt_logprobs": [null, {"257": {"logprob": -1, "decoded_token": "dog"}}, {}]}"#)
                == "it reads other tokens: token 257 is \"dog\" where the tokenizer has \"the\"")
        #expect(
            problem(#"{"prompt_logprobs": [null]}"#)?.contains("1 tokens where the tokenizer has 3") == true)
        #expect(problem("{}", tokens: 9)?.contains("9 tokens where the tokenizer has 3") == true)
        #expect(
            problem(#"{"prompt_logprobs": [null, {"257": {"logprob": -0.1}, "5": {"logprob": -0.1}}, {}]}"#)?
                .contains("add up to 1.8") == true)
        #expect(
            problem(#"{"prompt_logprobs": [null, {"99999": {"logprob": -0.1}}, {}]}"#)?.contains(
                "no token of the tokenizer") == true)
    }

    @Test func damagedAnswersAreReadOrRefused() throws {
        let sound = Data(
            #"{"prompt_logprobs": [null, {"257": {"logprob": -1, "decoded_token": "the"}}, {"258": {"logprob": -2}}], "logprobs": {"tokens": ["A", "the", " the"], "token_logprobs": [null, -1, -2], "top_logprobs": [null, {"the": -1}, {" the": -2}], "content": [{"top_logprobs": [{"id": 3, "token": "x", "bytes": [1], "logprob": -1}]}]}}"#
                .utf8)
        var mutator = FileMutator(seed: 3)
        let tree = try #require(JSONRanges(Array(sound)))
        for round in 0..<2000 {
            let bytes =
                round % 2 == 0 ? mutator.damaged(Array(sound)) : mutator.damagedValues(Array(sound), tree)
            let text = String(decoding: bytes, as: UTF8.self)
            for wanted in [ScoredPrompt.Wanted.next, .rows([0, 1])] {
                do {
                    let scores = try scores(text, wanted: wanted)
                    #expect(scores.ids.joined().allSatisfy { (0..<264).contains($0) })
                } catch is UserError {}
            }
        }
    }
}
