import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Generation

/// Log-probabilities that endpoints return with their answers: as servers write them, in files, and beside a tokenizer's own tokens.
@Suite struct AnswerLogprobsTests {
    private let tokenizer: Tokenizer
    private let texts: TokenTexts

    init() throws {
        tokenizer = try smallBytePair()
        texts = TokenTexts(tokenizer)
    }

    private func read(_ logprobs: String) throws -> AnswerLogprobs {
        try AnswerLogprobs(OrderedJSON(Data(#"{"logprobs": \#(logprobs)}"#.utf8), name: "choice"))
    }

    /// An answer in these tokens, each with probability 1/2 and the token x with 1/4.
    private func answer(_ tokens: [String]) -> AnswerLogprobs {
        AnswerLogprobs(
            positions: tokens.map { text in
                let token = NamedToken(text: text, logProbability: log(0.5))
                return .init(token: token, top: [token, NamedToken(text: "x", logProbability: log(0.25))])
            })
    }

    private func ids(_ text: String, ended: Bool = true) -> [Int32] {
        tokenizer.encodeContent(text) + (ended ? [tokenizer.id(of: "<|im_end|>")!] : [])
    }

    /// Whether each token of a text has a distribution; nil where the text is another one.
    private func found(_ text: String, _ answer: AnswerLogprobs, ended: Bool = true) throws -> [Bool]? {
        try answer.entries(at: ids(text, ended: ended), texts)?.map { $0 != nil }
    }

    @Test func theFormsOfServersAreRead() throws {
        // OpenAI's and vLLM's, with bytes; one that is no whole character.
        let exact = try read(
            #"{"content": [{"token": "\\xe2", "bytes": [226], "logprob": -0.5, "top_logprobs": [{"token": "a", "bytes": [97], "logprob": -1}, {"token": "b", "bytes": [98], "logprob": null}]}]}"#
        )
        #expect(exact.positions.count == 1 && exact.positions[0].token.exactBytes == [226])
        #expect(exact.positions[0].token.name == nil)
        #expect(exact.positions[0].top[0] == NamedToken(text: "a", bytes: [97], logProbability: -1))
        #expect(exact.positions[0].top.map(\.isKnown) == [true, false])
        // llama-cpp-python's, without bytes; llama.cpp's, with ids.
        let bare = try read(
            #"{"content": [{"token": "a", "bytes": null, "logprob": -0.5, "top_logprobs": [{"id": 97, "token": "a", "logprob": -0.5}]}]}"#
        )
        #expect(bare.positions[0].token.exactBytes == [97] && bare.positions[0].top[0].id == 97)
        for body in [
            "null", "{}", #"{"content": []}"#, #"{"content": [{"token": "a", "logprob": -1}]}"#,
            #"{"content": [{"token": "a", "top_logprobs": []}]}"#,
        ] {
            #expect(throws: UserError.self) { try read(body) }
        }
    }

    /// Reported of servers: the replacement character with its own bytes (Ollama 13497, vLLM), ends without a value (vLLM 17637), ids as texts
    /// (vLLM's `return_tokens_as_token_ids`), a character's bytes beside its last piece alone (llama.cpp 18454).
    @Test func whatServersLeaveOutIsNotTakenForAToken() throws {
        func names(_ entries: String) throws -> [AnswerLogprobs.Entries?]? {
            try read(#"{"content": [\#(entries)]}"#).entries(at: ids("a\u{2714}"), texts)
        }
        func entry(_ token: String, _ bytes: String, _ value: Double = -0.5, _ more: String = "") -> String {
            let own = #""token": "\#(token)", "bytes": \#(bytes), "logprob": \#(value)\#(more)"#
            return #"{\#(own), "top_logprobs": [{\#(own)}]}"#
        }
        let a = ids("a")[0]
        let mark = [String](repeating: entry("\u{FFFD}", "[239, 191, 189]"), count: 3)
        let replaced = try names(
            ([entry("a", "[97]")] + mark + [entry("", "[]", -9999)]).joined(separator: ","))
        #expect(replaced?.count == 5 && replaced?[0] == [a: -0.5])
        // No token is named by them, and nothing is known of the end.
        #expect(replaced?.dropFirst().allSatisfy { $0 == nil } == true)
        let unknown = try names(
            (ids("a\u{2714}", ended: false).map { entry("token_id:\($0)", "[116]") }
                + [entry("<|im_end|>", "[60]", -9999, #", "id": \#(tokenizer.id(of: "<|im_end|>")!)"#)])
                .joined(separator: ","))
        #expect(unknown?.map { $0 != nil } == [true, true, true, true, false])
        let spelt = try names(
            ids("a\u{2714}").map { entry("token_id:\($0)", "[116]") }.joined(separator: ","))
        #expect(spelt?.enumerated().allSatisfy { $1 == [ids("a\u{2714}")[$0]: -0.5] } == true)
        let pieces = ids("a\u{2714}")
        let late = try names(
            [
                entry("a", "[97]", -0.5, #", "id": \#(pieces[0])"#),
                entry("", "[]", -0.5, #", "id": \#(pieces[1])"#),
                entry("", "[]", -0.5, #", "id": \#(pieces[2])"#),
                entry("\u{2714}", "[226, 156, 148]", -0.5, #", "id": \#(pieces[3])"#),
            ].joined(separator: ","))
        #expect(
            late?.prefix(4).enumerated().allSatisfy { $1 == [pieces[$0]: -0.5] } == true, "\(late as Any)")
    }

    /// Servers return reasoning among the tokens of an answer, and templates leave it out (SGLang 25055).
    @Test func aTurnMayBeTheEndOfAnAnswer() throws {
        // The reasoning has the words of the answer, too.
        let tokens = ["<", "t", ">", "a", " the", " ", "b", "<", "/", "t", ">", "a", " the", ""]
        #expect(try found("a the", answer(tokens)) == [true, true, true])
        #expect(try found("<t>a the b</t>a the", answer(tokens))?.contains(false) == false)
        // Its middle is none.
        #expect(try found("a the b", answer(tokens)) == nil)
    }

    @Test func filesKeepNamesValuesAndIds() throws {
        let top = [
            NamedToken(text: " a\n\"", logProbability: -0.12341),
            NamedToken(bytes: [0xE2, 0x0C], logProbability: -9999),
        ]
        let plain = AnswerLogprobs(positions: [.init(token: top[0], top: top), .init(token: top[1], top: [])])
        let text = String(decoding: try JSONEncoder.stable.encode(plain), as: UTF8.self)
        #expect(text.contains(#""bytes:\\xe2\\x0c""#) && !text.contains("ids"))
        let read = try JSONDecoder().decode(AnswerLogprobs.self, from: Data(text.utf8))
        #expect(read.positions[0].token == NamedToken(text: " a\n\"", logProbability: -0.1234))
        #expect(read.positions[0].top[1] == top[1] && read.positions[1].top.isEmpty)
        var named = plain
        for index in named.positions.indices {
            named.positions[index].token.id = 7
            for place in named.positions[index].top.indices { named.positions[index].top[place].id = 8 }
        }
        let again = try JSONDecoder().decode(AnswerLogprobs.self, from: JSONEncoder.stable.encode(named))
        #expect(again.positions[1].token.id == 7 && again.positions[0].top.map(\.id) == [8, 8])
        for damaged in [
            text.replacing("[-0.1234,-9999]", with: "[-0.1234]"),
            #"{"tokens": ["a"], "token_logprobs": [-1], "top_tokens": [], "top_logprobs": []}"#, "{}", "[]",
        ] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(AnswerLogprobs.self, from: Data(damaged.utf8))
            }
        }
    }

    @Test func tokensHaveTheirDistributions() throws {
        // As the tokenizer divides it; the end as servers give it: by nothing, or not at all.
        let tokens = ["s", "o", " the", " ", "e", "n", "d"]
        #expect(ids("so the end").count == tokens.count + 1)
        #expect(try found("so the end", answer(tokens + [""])) == [Bool](repeating: true, count: 8))
        #expect(try found("so the end", answer(tokens)) == [Bool](repeating: true, count: 7) + [false])
        let entries = try answer(tokens).entries(at: ids("so the end"), texts)
        let x = tokenizer.encodeContent("x")[0]
        let the = tokenizer.encodeContent(" the")[0]
        #expect(entries?[2] == [the: log(0.5), x: log(0.25)])
        #expect(try found("so the \n", answer(tokens.dropLast(4)))?.suffix(3) == [false, false, false])
        // A document that the context cuts, and a stop string that the text does not have.
        #expect(try found("so the", answer(tokens), ended: false) == [true, true, true])
        #expect(try found("so the", answer(tokens))?.last == false)
    }

    @Test func anotherDivisionOfTheSameTextHasThoseThatBeginWhereItsTokensDo() throws {
        // The tokenizer merges " the" and divides "ther" as "the", "r".
        #expect(ids("so the").count == 4 && ids("ther").count == 3)
        #expect(try found("so the", answer(["s", "o", " ", "the", ""])) == [true, true, true, true])
        #expect(try found("ther", answer(["th", "er", ""])) == [true, false, true])
        #expect(try found("ther", answer(["t", "her."])) == [true, false, false])
        // The rest of a character that the server left out: nothing more can be compared.
        #expect(try found("a\u{2714}b", answer(["a", "", "b"]))?.prefix(2) == [true, true])
        #expect(try found("a\u{2714}b", answer(["a", "", "b"]))?.suffix(4).contains(true) == false)
    }

    @Test func anotherTextIsNoneOfItsAnswers() throws {
        for tokens in [
            ["s", "o", " the"], ["s", "o", " they"], ["so", " then"], ["x"], ["s", "o", " th", "x"],
        ] {
            #expect(try found("so the end", answer(tokens)) == nil, "\(tokens)")
        }
    }

    /// SentencePiece puts a space before a text, which servers may leave out.
    @Test func theSpaceBeforeATextMayBeMissing() throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/prefixed.model"))
        let texts = TokenTexts(tokenizer)
        let ids = tokenizer.encodeContent("Ada takes")
        let names = ids.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) }
        try #require(names.count > 1 && names[0].hasPrefix(" "))
        func named(_ names: [String]) -> AnswerLogprobs {
            AnswerLogprobs(
                positions: names.map {
                    .init(
                        token: NamedToken(text: $0, bytes: Array($0.utf8), logProbability: -1), top: [])
                })
        }
        let without = (names[0] == " " ? [] : [String(names[0].dropFirst())]) + names.dropFirst()
        for given in [names, without] {
            #expect(try named(given).entries(at: ids, texts)?.allSatisfy { $0 != nil } == true, "\(given)")
        }
    }
}
