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
        ("added", "{}", "added_tokens"), ("pre", #"{"type":"UnicodeScripts"}"#, "pre_tokenizer.type"),
        (
            "pre", #"{"type":"Split","pattern":{"Regex":"(a+)+"},"behavior":"Isolated"}"#,
            "pre_tokenizer.pattern.Regex"
        ),
        ("pre", #"{"type":"Split","pattern":{"Regex":"a"},"behavior":"X"}"#, "pre_tokenizer.behavior"),
        ("decoder", "null", "decoder"), ("decoder", #"{"type":"WordPiece"}"#, "decoder.type"),
        ("normalizer", #"{"type":"BertNormalizer"}"#, "normalizer.type"),
        (
            "normalizer", #"{"type":"Replace","pattern":{"Regex":"a*"},"content":""}"#,
            "normalizer.pattern.Regex"
        ),
        (
            "normalizer", #"{"type":"Replace","pattern":{"Regex":"a","String":"a"},"content":""}"#,
            "normalizer.pattern"
        ),
        (
            "normalizer", #"{"type":"Precompiled","precompiled_charsmap":"?"}"#,
            "precompiled_charsmap is not Base64"
        ),
        ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#, "no header"),
        (
            "normalizer",
            #"{"type":"Replace","pattern":{"String":"a"},"content":"\#(String(repeating: "a", count: 999))"}"#,
            "long"
        ),
        ("post", #"{"type":"BertProcessing"}"#, "post_processor.cls"),
        ("post", #"{"type":"BertProcessing","cls":["a",0],"sep":["b",99]}"#, "post_processor.sep"),
        ("post", #"{"type":"Other"}"#, "post_processor.type"),
        ("pre", #"{"type":"CharDelimiterSplit","delimiter":"ab"}"#, "pre_tokenizer.delimiter"),
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

    /// A unigram model, with one part replaced.
    private func unigram(_ vocab: String, _ unknown: String) throws -> Tokenizer {
        try open(
            Data(
                """
                {"model":{"type":"Unigram","vocab":\(vocab),"unk_id":\(unknown),"byte_fallback":false},
                "pre_tokenizer":{"type":"Metaspace"},"decoder":{"type":"Metaspace"}}
                """.utf8))
    }

    @Test func damagedUnigramModelsAreRefused() throws {
        let sound = #"[["<unk>",0],["a",-1.5],["ab",-2],["b",-2]]"#
        #expect(try unigram(sound, "0").encode("abba?") == [0, 2, 3, 1, 0])
        for (vocab, unknown, place) in [
            (sound, "null", "model.unk_id"), (sound, "4", "model.unk_id"), (sound, "-1", "model.unk_id"),
            ("[]", "0", "model.vocab"), (#"{"a":0}"#, "0", "model.vocab"),
            (#"[["a"]]"#, "0", "model.vocab[0]"),
            (#"[["a",0,0]]"#, "0", "model.vocab[0]"), (#"[["",0]]"#, "0", "model.vocab[0]"),
            (#"[["a",1e300]]"#, "0", "1e+300"), (#"[["a","b"]]"#, "0", "model.vocab[0]"),
            (#"[["a",null]]"#, "0", "null"),
            (#"[["a",0],["a",-1]]"#, "0", "twice"), ("[7]", "0", "model.vocab[0]"),
        ] {
            let error = #expect(throws: UserError.self) { try unigram(vocab, unknown) }
            #expect(error?.description.contains(place) == true, "\(error?.description ?? "") for \(place)")
        }
    }

    @Test func deepNestingIsRefused() throws {
        let deep = String(repeating: #"{"type":"Sequence","normalizers":["#, count: 400)
        let closed = deep + "null" + String(repeating: "]}", count: 400)
        #expect(throws: UserError.self) { try open(json(["normalizer": closed])) }
        #expect(throws: UserError.self) { try open(Data(String(repeating: "[", count: 100_000).utf8)) }
    }

    @Test(arguments: BytePairGolden.names)
    func filesCutShortAreRefused(_ name: String) throws {
        let sound = try BytePairGolden.data(name)
        for length in stride(from: 0, to: sound.count, by: 997) {
            #expect(throws: UserError.self) { try open(sound.prefix(length)) }
        }
    }
}
