import Foundation
import Support
import Testing

@testable import Tokenization

@Suite("tekken.json and tiktoken files")
struct RankedVocabularyTests {
    /// All bytes, and some pieces of several.
    private static let pieces =
        (0...255).map { [UInt8($0)] } + ["ab", "abc", " a", "12"].map { Array($0.utf8) }

    private func tekken(_ change: (inout [String: Any]) -> Void = { _ in }) throws -> Data {
        var object: [String: Any] = [
            "config": [
                "pattern": KnownPattern.cased(.init()).expression,
                "default_vocab_size": Self.pieces.count + 22,
                "default_num_special_tokens": 22,
            ],
            "vocab": Self.pieces.enumerated().map {
                ["rank": $0, "token_bytes": Data($1).base64EncodedString(), "token_str": NSNull()]
                    as [String: Any]
            },
        ]
        change(&object)
        return try JSONSerialization.data(withJSONObject: object)
    }

    @Test func tekkenPutsSpecialTokensFirst() throws {
        let tokenizer = try Tokenizer(
            BytePairModel(tekken: try tekken(), name: "tekken.json"), name: "tekken.json")
        #expect(tokenizer.vocabularySize == Self.pieces.count + 22)
        #expect(
            tokenizer.beginID == 1 && tokenizer.id(of: "[INST]") == 3
                && tokenizer.id(of: "<SPECIAL_21>") == 21)
        // abc; a space, ab; digits one by one.
        let expected: [Int32] = [279, 54, 278, 71, 72]
        #expect(tokenizer.encode("abc ab12") == expected)
        #expect(try tokenizer.decode([1, 279, 3, 278]) == "abcab")
        #expect(
            tokenizer.fileName == "tokenizer.json" && tokenizer.bytePairModel?.preTokenizer.name == "tekken")
    }

    /// The content tells the two JSON formats apart, not the name.
    @Test func filesMayHaveAnyName() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "distill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (one, other) = (
            directory.appending(path: "v3.json"), directory.appending(path: "tekken240718.json")
        )
        try tekken().write(to: one)
        try BytePairGolden.data("tekken").write(to: other)
        #expect(try Tokenizer(contentsOf: one).encode("abc ab12") == [279, 54, 278, 71, 72])
        #expect(
            try Tokenizer(contentsOf: other).encode("abc ab12")
                == BytePairGolden.tokenizer("tekken").encode("abc ab12"))
    }

    @Test func damagedTekkenFilesAreRefused() throws {
        func message(_ change: (inout [String: Any]) -> Void) throws -> String {
            let error = #expect(throws: UserError.self) {
                try BytePairModel(tekken: try tekken(change), name: "tekken.json")
            }
            return error?.description ?? ""
        }
        #expect(try message { $0["config"] = nil }.contains("config is missing"))
        #expect(try message { $0["vocab"] = [] }.contains("at least 260"))
        #expect(
            try message { $0["vocab"] = [[String: Any]](repeating: [:], count: 300) }.contains("vocab[0]"))
        #expect(try message { $0["special_tokens"] = [["rank": 99]] }.contains("special_tokens[0].rank"))
        #expect(
            try message {
                $0["config"] = ["pattern": "a+", "default_vocab_size": 260, "default_num_special_tokens": 0]
            }.contains("config.pattern"))
    }

    private func tiktoken(_ pieces: [[UInt8]]) -> Data {
        Data(pieces.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }.joined().utf8)
    }

    @Test func tiktokenNeedsAPattern() throws {
        let data = tiktoken(Self.pieces)
        #expect(BytePairModel.isTiktoken(data) && !BytePairModel.isTiktoken(ModelBuilder().data))
        let error = #expect(throws: UserError.self) {
            try Tokenizer(serializedModel: data, name: "tokenizer.model")
        }
        #expect(error?.description.contains("tiktoken") == true)
        let named = try #require(NamedPreTokenizer("llama3"))
        let model = try BytePairModel(
            tiktoken: data, preTokenizer: named, specialTokens: ["<|begin|>", "<|end|>"], begin: "<|begin|>",
            name: "made")
        let tokenizer = try Tokenizer(model, name: "made")
        #expect(tokenizer.beginID == 260 && tokenizer.encode("abc 12") == [257, 0x20, 259])
        #expect(tokenizer.encode("<|begin|>").allSatisfy { $0 < 256 })
    }

    /// The pattern is named, or the configuration beside the file tells it; there the special tokens stand too.
    @Test func tiktokenFilesAndWhatLiesBesideThem() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "distill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "my.tiktoken")
        let configuration = directory.appending(path: "tokenizer_config.json")
        try tiktoken(Self.pieces).write(to: file)
        #expect(throws: UserError.self) { try Tokenizer(contentsOf: file) }
        let named = try #require(NamedPreTokenizer("llama3"))
        #expect(try Tokenizer(contentsOf: file, pattern: named).vocabularySize == 260)

        func configure(_ text: String) throws { try Data(text.utf8).write(to: configuration) }
        try configure(
            #"{"added_tokens_decoder":{"260":{"content":"<|end|>"},"261":{"content":"<|x|>"}},"eos_token":"<|end|>"}"#
        )
        let tokenizer = try Tokenizer(contentsOf: file, pattern: named)
        #expect(
            tokenizer.vocabularySize == 262 && tokenizer.endID == 260 && tokenizer.kind(of: 261) == .control)
        #expect(
            tokenizer.encode("abc 12<|end|>").starts(with: [257, 0x20, 259])
                && !tokenizer.encode("<|end|>").contains(260))
        try configure(#"{"added_tokens_decoder":{"262":{"content":"<|end|>"}}}"#)
        let error = #expect(throws: UserError.self) { try Tokenizer(contentsOf: file, pattern: named) }
        #expect(error?.description.contains("none with the id 260") == true)

        try configure(#"{"tokenizer_class":"QWenTokenizer"}"#)
        let qwen = try Tokenizer(contentsOf: file)
        #expect(
            qwen.vocabularySize == 260 + 208 && qwen.id(of: "<|im_end|>") == 262
                && qwen.normalization == "nfc")
        let contradiction = #expect(throws: UserError.self) {
            try Tokenizer(contentsOf: file, pattern: named)
        }
        #expect(contradiction?.description.contains("is Qwen's") == true)
        // Other files say it themselves.
        try tekken().write(to: directory.appending(path: "tekken.json"))
        #expect(throws: UserError.self) { try Tokenizer(contentsOf: directory, pattern: named) }
        #expect(try Tokenizer(contentsOf: directory).encode("abc ab12") == [279, 54, 278, 71, 72])
    }

    @Test func damagedTiktokenFilesAreRefused() throws {
        let named = try #require(NamedPreTokenizer("qwen2"))
        for lines in ["YQ== 0\nYg== 2\n", "YQ== 0\n? 1\n", "YQ== 0\nYg==\n", "YQ== 0\nYQ== 1\n"] {
            #expect(throws: UserError.self) {
                try BytePairModel(
                    tiktoken: Data(lines.utf8), preTokenizer: named, specialTokens: [], name: "made")
            }
        }
    }
}
