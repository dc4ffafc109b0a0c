import Foundation
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Checkpoints

/// Models with a byte-level BPE vocabulary: Hugging Face directories with `tokenizer.json`, and GGUF files.
@Suite struct BytePairCheckpointTests {
    private static let texts = [
        "the other then", "It's 2024, isn't it?", "漢字 🙂 é\u{301}", "a\n\n  b\t", "<|im_end|> <tool> x", "",
    ]

    /// All bytes, four merges, a begin token, two markers and a symbol.
    private func vocabulary(_ preTokenizer: String, begins: Bool = false) throws -> BytePairModel {
        let merges = ["t h", "th e", "\u{120} the", "e r"]
        let specials = ["<|begin|>", "<|im_start|>", "<|im_end|>"]
        let pieces = byteLevelAlphabet + merges.map { $0.replacing(" ", with: "") } + specials + ["<tool>"]
        let kinds =
            Array(repeating: PieceKind.normal, count: 260) + Array(repeating: .control, count: 3) + [
                .userDefined
            ]
        return BytePairModel(
            pieces: pieces, kinds: kinds, merges: merges,
            preTokenizer: try #require(NamedPreTokenizer(preTokenizer)), beginID: begins ? 260 : nil)
    }

    private func tokenizer(_ preTokenizer: String, begins: Bool = false) throws -> Tokenizer {
        var roles = TokenizerConfiguration()
        (roles.beginToken, roles.endToken, roles.paddingToken) = ("<|begin|>", "<|im_end|>", "<|im_end|>")
        return try Tokenizer(vocabulary(preTokenizer, begins: begins), configuration: roles, name: "test")
    }

    private func decoder(rows: Int) throws -> DecoderModel {
        try DecoderModel(
            configuration: Configuration(
                vocabularySize: rows, width: 32, layers: 1, heads: 2, feedForward: 32, contextLength: 64),
            seed: 3)
    }

    private func expectSame(_ copy: Checkpoint, _ tokenizer: Tokenizer) throws {
        let read = try copy.requireTokenizer()
        #expect(read.hasSameIDs(as: tokenizer) && !read.isSentencePiece)
        #expect(read.beginID == tokenizer.beginID && read.beginTokenID == tokenizer.beginTokenID)
        #expect(read.endID == tokenizer.endID && read.paddingID == tokenizer.paddingID)
        #expect(copy.tokens.begin == 260 && copy.tokens.ends == [262] && copy.tokens.padding == 262)
        for text in Self.texts {
            #expect(read.encode(text) == tokenizer.encode(text))
            #expect(try read.decode(read.encode(text)) == text)
        }
    }

    @Test(arguments: ["qwen2", "llama-bpe", "smollm", "gpt-2", "tekken"], [true, false])
    func directoriesAndGGUFFilesKeepTheVocabulary(preTokenizer: String, begins: Bool) throws {
        let tokenizer = try tokenizer(preTokenizer, begins: begins)
        #expect(tokenizer.encode("the")[0] == 257 && tokenizer.encode("<|im_end|>").count > 1)
        #expect(tokenizer.encode("<tool>") == [263])
        try withTemporaryDirectory { directory in
            let decoder = try decoder(rows: tokenizer.vocabularySize)
            let url = directory.appending(path: "model")
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .chatML, to: url)
            #expect(FileManager.default.fileExists(atPath: url.appending(path: "tokenizer.json").path))
            #expect(!FileManager.default.fileExists(atPath: url.appending(path: "tokenizer.model").path))
            let model = try Checkpoint.load(url)
            try expectSame(model, tokenizer)
            #expect(model.template?.name == "chatml" && model.chatTemplate == model.template)
            #expect(model.beginsTexts == begins)
            // Where texts do not begin with the begin token, a chat does not either, nor its written template.
            #expect(try #require(model.template).jinja.contains("bos_token") == begins)
            let chat = try #require(model.chatTemplate).encode(
                [Message(role: .user, content: "the")], with: model.requireTokenizer())
            #expect(chat.ids.starts(with: begins ? [260, 261] : [261]))

            let file = directory.appending(path: "model.gguf")
            try Checkpoint.export(
                decoder: decoder, tokenizer: model.tokenizer, template: model.template, tokens: model.tokens,
                to: file, as: .f32)
            let copy = try Checkpoint.load(file)
            try expectSame(copy, tokenizer)
            #expect(copy.beginsTexts == begins)
            #expect(try Checkpoint.tokenizer(at: file).encode("the other") == tokenizer.encode("the other"))
        }
    }

    /// Padded tables (Qwen's) and tokens beyond the table (Gemma 3's image token).
    @Test(arguments: [5, 0, -1])
    func tablesLargerAndSmallerThanTheVocabulary(extra: Int) throws {
        let tokenizer = try tokenizer("qwen2")
        let count = tokenizer.vocabularySize
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            try Checkpoint.save(decoder: decoder(rows: count + extra), to: url)
            try tokenizer.serializedModel.write(to: url.appending(path: "tokenizer.json"))
            let model = try Checkpoint.load(url)
            let read = try model.requireTokenizer()
            #expect(read.vocabularySize == min(count, count + extra) && model.unusedRows == max(0, extra))
            #expect(model.decoder.configuration.vocabularySize == read.vocabularySize)
            #expect(try Checkpoint.configuration(at: url) == model.decoder.configuration)
            #expect((read.encode("<tool>") == [263]) == (extra >= 0))
        }
    }

    @Test func aVocabularyOfAnotherModelIsRefused() throws {
        let tokenizer = try tokenizer("qwen2")
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            try Checkpoint.save(decoder: decoder(rows: 200), to: url)
            try tokenizer.serializedModel.write(to: url.appending(path: "tokenizer.json"))
            let error = try userError { _ = try Checkpoint.load(url) }
            #expect(error.problem == "tokenizer.json has 260 pieces, but the model's vocabulary has 200")
        }
    }

    /// llama.cpp joins any two pieces whose text is a piece, `tokenizers` the pairs of a list: ids could differ.
    @Test(arguments: ["gemma", "t5"])
    func vocabulariesThatAreNotByteLevelAreNotWrittenToGGUF(name: String) throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Data(contentsOf: golden("tokenizers/\(name).json")), name: name)
        try withTemporaryDirectory { directory in
            let (url, decoder) = (
                directory.appending(path: "model.gguf"), try decoder(rows: tokenizer.vocabularySize)
            )
            let error = try exportError(decoder, tokenizer, to: url)
            #expect(error.problem.contains("is not byte-level"))
            // A directory keeps it.
            let copy = directory.appending(path: "copy")
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: nil, to: copy)
            #expect(try Checkpoint.load(copy).requireTokenizer().hasSameIDs(as: tokenizer))
        }
    }

    /// Mistral's and Meta's own releases: weights beside `tekken.json`, or a tiktoken file called `tokenizer.model`.
    @Test func directoriesWithAnotherFileThanTransformers() throws {
        let pieces = (0...255).map { [UInt8($0)] } + [Array("the".utf8), Array("th".utf8)]
        let vocabulary = pieces.enumerated().map {
            #"{"rank":\#($0),"token_bytes":"\#(Data($1).base64EncodedString())"}"#
        }
        let pattern = try #require(NamedPreTokenizer("tekken"))
        let written = try #require(try expression(of: pattern))
        let tekken = """
            {"config":{"pattern":\(written),"default_vocab_size":268,"default_num_special_tokens":10},
            "vocab":[\(vocabulary.joined(separator: ","))]}
            """
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            try Checkpoint.save(decoder: decoder(rows: 268), to: url)
            try Data(tekken.utf8).write(to: url.appending(path: "tekken.json"))
            let model = try Checkpoint.load(url)
            let tokenizer = try model.requireTokenizer()
            #expect(
                tokenizer.vocabularySize == 268 && tokenizer.encode("the") == [266])
            #expect(try Checkpoint.tokenizer(at: url).hasSameIDs(as: tokenizer) && tokenizer.beginID == 1)

            let ranks = pieces.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }.joined()
            try Data(ranks.utf8).write(to: url.appending(path: "tokenizer.model"))
            let error = try userError { _ = try Checkpoint.load(url) }
            #expect(error.problem.contains("tiktoken"))
            try Data(#"{"tokenizer_class":"QWenTokenizer"}"#.utf8).write(
                to: url.appending(path: "tokenizer_config.json"))
            #expect(try Checkpoint.tokenizer(at: url).id(of: "<|im_end|>") == 260)
        }
    }

    /// The pattern in the `tokenizer.json` of a name, as JSON text.
    private func expression(of preTokenizer: NamedPreTokenizer) throws -> String? {
        var model = try vocabulary("tekken")
        model.preTokenizer = preTokenizer
        let text = String(decoding: try model.tokenizerJSON(name: "test"), as: UTF8.self)
        return text.split(separator: #""Regex":"#).last.flatMap { $0.split(separator: "},").first }.map(
            String.init)
    }

    /// The error that writing a GGUF file gives.
    private func exportError(_ decoder: DecoderModel, _ tokenizer: Tokenizer, to url: URL) throws -> UserError
    {
        try userError {
            try Checkpoint.export(
                decoder: decoder, tokenizer: tokenizer, template: nil, tokens: SpecialTokens(), to: url,
                as: .f32)
        }
    }

    /// A way of dividing text that llama.cpp has no name for.
    @Test func noGGUFFileIsWrittenWithoutANameForThePattern() throws {
        let named = try tokenizer("qwen2")
        let text = String(decoding: named.serializedModel, as: UTF8.self)
            .replacing(#""normalizer":{"type":"NFC"}"#, with: #""normalizer":{"type":"Lowercase"}"#)
        let tokenizer = try Tokenizer(serializedModel: Data(text.utf8), name: "lower")
        #expect(tokenizer.encode("THE") == tokenizer.encode("the"))
        try withTemporaryDirectory { directory in
            let (url, decoder) = (
                directory.appending(path: "model.gguf"), try decoder(rows: tokenizer.vocabularySize)
            )
            let error = try exportError(decoder, tokenizer, to: url)
            #expect(error.problem.contains("GGUF has no name") && error.file?.hasSuffix("model.gguf") == true)
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }
}
