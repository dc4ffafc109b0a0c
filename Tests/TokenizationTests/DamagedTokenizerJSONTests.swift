import Foundation
import Support
import Testing
import Tokenization

@Suite("Damaged tokenizer.json files")
struct DamagedTokenizerJSONTests {
    /// The smallest vocabulary, with one part replaced.
    private func json(_ changes: [String: String] = [:]) -> Data {
        var parts = [
            "added": #"[{"id":3,"content":"<s>","special":true,"normalized":false}]"#, "normalizer": "null",
            "pre": #"{"type":"ByteLevel","add_prefix_space":false}"#, "post": "null",
            "decoder": #"{"type":"ByteLevel"}"#,
            "type": #""BPE""#, "vocab": #"{"a":0,"b":1,"ab":2}"#, "merges": #"["a b"]"#, "more": "",
        ]
        parts.merge(changes) { $1 }
        func part(_ name: String) -> String { parts[name] ?? "" }
        return Data(
            """
            {"added_tokens":\(part("added")),"normalizer":\(part("normalizer")),"pre_tokenizer":\(part("pre")),
            "post_processor":\(part("post")),"decoder":\(part("decoder")),
            "model":{"type":\(part("type")),"vocab":\(part("vocab")),"merges":\(part("merges"))\(part("more"))}}
            """.utf8)
    }

    private func open(_ data: Data) throws -> Tokenizer {
        try Tokenizer(tokenizerJSON: data, name: "made.json")
    }

    @Test func theSmallestIsSound() throws {
        let tokenizer = try open(json())
        #expect(tokenizer.encode("aab") == [0, 2] && tokenizer.vocabularySize == 4)
        #expect(tokenizer.kind(of: 3) == .control && tokenizer.unknownID == nil && !tokenizer.hasByteFallback)
    }

    @Test(arguments: [
        ("type", #""WordPiece""#, "model.type"), ("vocab", "[]", "model.vocab"),
        ("vocab", "{}", "model.vocab"),
        ("vocab", #"{"a":1000000000,"b":1}"#, "1000000000"), ("vocab", #"{"a":0,"b":0}"#, "twice"),
        ("vocab", #"{"a":-1}"#, "-1"), ("vocab", #"{"":0}"#, "empty"),
        ("vocab", #"{"a":0,"b":1,"ab":90000}"#, "gaps"),
        ("vocab", #"{"a":0,"a":1,"b":2,"ab":3}"#, "twice"), ("merges", #"["a c"]"#, "model.merges[0]"),
        ("merges", #"["ab"]"#, "model.merges[0]"), ("merges", #"[["a"]]"#, "model.merges[0]"),
        ("merges", "7", "model.merges"),
        ("merges", #"["b a"]"#, "\"ba\""), ("added", #"[{"id":9,"content":"x"}]"#, "added_tokens[0]"),
        ("added", #"[{"id":1,"content":"a"}]"#, "added_tokens[0]"),
        ("added", #"[{"id":3,"content":""}]"#, "added_tokens[0]"),
        ("added", "{}", "added_tokens"), ("pre", #"{"type":"Bert"}"#, "pre_tokenizer.type"),
        (
            "pre", #"{"type":"Split","pattern":{"Regex":"(a+)+"},"behavior":"Isolated"}"#,
            "pre_tokenizer.pattern.Regex"
        ),
        ("pre", #"{"type":"Split","pattern":{"Regex":"a"},"behavior":"X"}"#, "pre_tokenizer.behavior"),
        ("decoder", "null", "decoder"), ("decoder", #"{"type":"WordPiece"}"#, "decoder.type"),
        ("normalizer", #"{"type":"BertNormalizer"}"#, "normalizer.type"),
        ("normalizer", #"{"type":"Replace","pattern":{"Regex":"a"},"content":""}"#, "normalizer.pattern"),
        (
            "normalizer",
            #"{"type":"Replace","pattern":{"String":"a"},"content":"\#(String(repeating: "a", count: 999))"}"#,
            "long"
        ),
        ("post", #"{"type":"BertProcessing"}"#, "post_processor.type"),
        ("post", #"{"type":"TemplateProcessing","single":[],"special_tokens":{}}"#, "post_processor.single"),
        ("more", #","dropout":0.1"#, "model.dropout"),
        ("more", #","end_of_word_suffix":"</w>""#, "end_of_word_suffix"),
        ("more", #","unk_token":"?""#, "model.unk_token"),
        ("more", #","byte_fallback":1"#, "model.byte_fallback"),
    ])
    func whatIsWrongIsSaid(part: String, value: String, place: String) throws {
        let error = #expect(throws: UserError.self) { try open(json([part: value])) }
        #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
        #expect(error?.file == "made.json")
    }

    @Test func deepNestingIsRefused() throws {
        let deep = String(repeating: #"{"type":"Sequence","normalizers":["#, count: 400)
        let closed = deep + "null" + String(repeating: "]}", count: 400)
        #expect(throws: UserError.self) { try open(json(["normalizer": closed])) }
        #expect(throws: UserError.self) { try open(Data(String(repeating: "[", count: 100_000).utf8)) }
    }

    /// Whatever happens to a file: one error, or a vocabulary that encodes and decodes.
    @Test(arguments: BytePairGolden.names)
    func mutationsNeverCrash(_ name: String) throws {
        let sound = [UInt8](try BytePairGolden.data(name))
        var generator = SeededGenerator(seed: 61)
        let texts = Array(OddTexts(seed: 62).prefix(5))
        var refused = 0
        for _ in 0..<120 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: bytes[place] = Array("0123456789\"{}[],:abe".utf8).randomElement(using: &generator)!
                case 2: bytes.removeSubrange(place..<min(place + 20, bytes.count))
                default: bytes.insert(contentsOf: bytes[place..<min(place + 30, bytes.count)], at: place)
                }
            }
            do {
                let tokenizer = try open(Data(bytes))
                for text in texts { _ = try tokenizer.decode(tokenizer.encode(text)) }
                _ = try tokenizer.decode((0..<tokenizer.vocabularySize).map(Int32.init))
            } catch is UserError {
                refused += 1
            }
        }
        #expect(refused > 60)
        for length in stride(from: 0, to: sound.count, by: 997) {
            #expect(throws: UserError.self) { try open(Data(sound[..<length])) }
        }
    }
}
