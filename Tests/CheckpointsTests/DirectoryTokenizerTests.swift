import Checkpoints
import Foundation
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

/// Faults found, line 20: tokens added to a SentencePiece vocabulary, and embedding tables with more rows than pieces.
@Suite struct DirectoryTokenizerTests {
    /// A model whose table has `extra` rows more than the tokenizer has pieces, as a Hugging Face directory; the JSON files of
    /// `files` beside it.
    private func write(extra: Int, files: [String: String] = [:], to url: URL) throws -> (
        Tokenizer, DecoderModel
    ) {
        let tokenizer = try tinyTokenizer()
        let decoder = try DecoderModel(
            configuration: Configuration(
                vocabularySize: tokenizer.vocabularySize + extra, width: 8, layers: 1, heads: 2,
                feedForward: 8,
                tiedHead: false, contextLength: 32), seed: 4)
        try Checkpoint.save(
            decoder: decoder, tokens: SpecialTokens(begin: tokenizer.beginID, ends: [tokenizer.endID!]),
            to: url)
        try tokenizer.serializedModel.write(to: url.appending(path: "tokenizer.model"))
        for (name, content) in files { try Data(content.utf8).write(to: url.appending(path: name)) }
        return (tokenizer, decoder)
    }

    private func withDirectory(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { try body($0.appending(path: "model")) }
    }

    /// Phi-3's files, with the ids of a smaller vocabulary.
    @Test(arguments: [true, false])
    func addedTokensArePieces(inDecoder: Bool) throws {
        try withDirectory { url in
            let count = try tinyTokenizer().vocabularySize
            let decoder = """
                {"added_tokens_decoder": {"\(count)": {"content": "<|endoftext|>", "special": true},
                 "\(count + 1)": {"content": "two words", "special": false}, "1": {"content": "<s>", "special": true}}}
                """
            let added = #"{"<|endoftext|>": \#(count), "two words": \#(count + 1)}"#
            let special = #"{"eos_token": {"content": "<|endoftext|>"}}"#
            let (plain, weights) = try write(
                extra: 7,
                files: inDecoder
                    ? ["tokenizer_config.json": decoder, "added_tokens.json": added]
                    : ["added_tokens.json": added, "special_tokens_map.json": special], to: url)
            let model = try Checkpoint.load(url)
            let tokenizer = try model.requireTokenizer()
            let size = count + 2
            #expect(tokenizer.vocabularySize == size && model.unusedRows == 5)
            #expect(model.decoder.configuration.vocabularySize == size)
            #expect(try Checkpoint.configuration(at: url) == model.decoder.configuration)
            #expect(tokenizer.kind(of: Int32(count)) == .control)
            #expect(tokenizer.kind(of: Int32(count + 1)) == .userDefined)
            #expect(tokenizer.encode("a two words b").contains(Int32(count + 1)))
            #expect(try tokenizer.decode([Int32(count + 1)]) == "two words")
            #expect(tokenizer.encode("The red lamp.") == plain.encode("The red lamp."))
            #expect(try Checkpoint.tokenizer(at: url).hasSameIDs(as: tokenizer))
            #expect(try Checkpoint.tokenizerAndTemplate(at: url).tokenizer.hasSameIDs(as: tokenizer))

            // The logits of all pieces are those of the whole table.
            let all = logits(weights, [1, 5, 9])
            let rows = weights.configuration.vocabularySize
            let kept = (0..<3).flatMap { all[$0 * rows..<$0 * rows + size] }
            expectSameBits(logits(model.decoder, [1, 5, 9]), kept)

            // Saved, and as GGUF, it is the same model without the rows that are not used.
            let copy = url.deletingLastPathComponent().appending(path: "copy")
            try model.save(to: copy, as: .f32)
            let again = try Checkpoint.load(copy)
            #expect(try again.requireTokenizer().hasSameIDs(as: tokenizer) && again.unusedRows == 0)
            let gguf = url.deletingLastPathComponent().appending(path: "copy.gguf")
            try Checkpoint.export(
                decoder: model.decoder, tokenizer: tokenizer, template: nil, tokens: model.tokens, to: gguf,
                as: .f32)
            #expect(try Checkpoint.load(gguf).requireTokenizer().hasSameIDs(as: tokenizer))
        }
    }

    /// What transformers 5 writes, with a `tokenizer.model` put beside it: the `tokenizer.json` alone has the added tokens.
    @Test func addedTokensOfATokenizerJSON() throws {
        try withDirectory { url in
            let count = try tinyTokenizer().vocabularySize
            let listed = """
                {"added_tokens": [{"id": \(count), "content": "<|x|>", "special": false},
                 {"id": \(count + 1), "content": "<think>", "special": false},
                 {"id": \(count + 2), "content": "<|y|>", "special": true}],
                 "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
                """
            let configuration = #"{"extra_special_tokens": ["<|x|>"]}"#
            _ = try write(
                extra: 3, files: ["tokenizer.json": listed, "tokenizer_config.json": configuration], to: url)
            let model = try Checkpoint.load(url)
            let tokenizer = try model.requireTokenizer()
            #expect(tokenizer.vocabularySize == count + 3 && model.unusedRows == 0)
            let kinds = (0..<3).map { tokenizer.kind(of: Int32(count + $0)) }
            #expect(kinds == [.control, .userDefined, .control])
            #expect(tokenizer.encode("a <think> b").contains(Int32(count + 1)))

            // Where tokenizer_config.json lists them, it says which there are.
            try Data(#"{"added_tokens_decoder": {"\#(count)": {"content": "<a>"}}}"#.utf8).write(
                to: url.appending(path: "tokenizer_config.json"))
            #expect(try Checkpoint.tokenizer(at: url).piece(Int32(count)) == "<a>")

            // Of another model.
            try Data("{}".utf8).write(to: url.appending(path: "tokenizer_config.json"))
            try Data(listed.replacing("\"id\": \(count),", with: "\"id\": 5,").utf8).write(
                to: url.appending(path: "tokenizer.json"))
            let error = try userError { _ = try Checkpoint.load(url) }
            #expect(error.problem.contains("the added token 5 is"))
        }
    }

    /// Gemma 3's text models have a token for images beside a table that ends before it.
    @Test func tokensBeyondTheTableAreLeftOut() throws {
        try withDirectory { url in
            let count = try tinyTokenizer().vocabularySize
            _ = try write(
                extra: 0, files: ["added_tokens.json": #"{"<image_soft_token>": \#(count)}"#], to: url)
            let model = try Checkpoint.load(url)
            #expect(try model.requireTokenizer().vocabularySize == count && model.unusedRows == 0)
        }
    }

    @Test func idsBetweenAddedTokensSpellNothing() throws {
        try withDirectory { url in
            let count = try tinyTokenizer().vocabularySize
            _ = try write(extra: 3, files: ["added_tokens.json": #"{"<x>": \#(count + 2)}"#], to: url)
            let tokenizer = try Checkpoint.load(url).requireTokenizer()
            #expect(tokenizer.piece(Int32(count)) == "[PAD\(count)]")
            #expect(try tokenizer.decode([Int32(count), Int32(count + 1)]).isEmpty)
            #expect(tokenizer.id(of: "<x>") == Int32(count + 2))
        }
    }

    @Test func filesThatContradictEachOtherAreRefused() throws {
        let count = try tinyTokenizer().vocabularySize
        let entry = #"{"added_tokens_decoder": {"\#(count)": {"content": "<a>"}}}"#
        let cases: [([String: String], Int, String)] = [
            (
                [:], 1025,
                "tokenizer.model has \(count) pieces, but the model's vocabulary has \(count + 1025)"
            ),
            ([:], -1, "tokenizer.model has \(count) pieces, but the model's vocabulary has \(count - 1)"),
            (
                ["added_tokens.json": #"{"<b>": 1}"#], 0,
                #"the added token 1 is "<b>", but tokenizer.model has "<s>""#
            ),
            (["added_tokens.json": #"{"<b>": "x"}"#], 1, #""<b>" is "x"; a token id is expected"#),
            (["added_tokens.json": #"{"<b>": -1}"#], 1, "a token id is expected"),
            (["added_tokens.json": #"{"<b>": 9e15}"#], 1, "a token id is expected"),
            (
                ["added_tokens.json": #"{"<b>": \#(count)}"#, "tokenizer_config.json": entry], 1,
                #"but "<a>" in"#
            ),
            (["added_tokens.json": #"{"The": \#(count), "<s>": \#(count + 1)}"#], 2, "are both spelled"),
            (
                ["tokenizer_config.json": #"{"added_tokens_decoder": {"x": {"content": "a"}}}"#], 1,
                "has \"x\""
            ),
            (
                ["tokenizer_config.json": #"{"added_tokens_decoder": {"1": {}}}"#], 1,
                "an object with its content"
            ),
        ]
        for (files, extra, message) in cases {
            try withDirectory { url in
                _ = try write(extra: extra, files: files, to: url)
                let error = try userError { _ = try Checkpoint.load(url) }
                #expect(error.description.contains(message), "\(error)")
            }
        }
    }

    /// llama.cpp's converters write a padded table's rows as unused pieces.
    @Test func paddingInAGGUFFileIsLeftOut() throws {
        var builder = GGUFBytes.model(rows: 325)
        let tokenizer = try tinyTokenizer()
        #expect(tokenizer.vocabularySize == 320)
        let padding = (320..<325).map {
            SentencePieceModel.Piece(spelling: "[PAD\($0)]", score: -1000, kind: .unused)
        }
        builder.add(
            try Tokenizer(
                serializedModel: SentencePieceModel.appending(padding, to: tokenizer.serializedModel),
                name: "padded"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try builder.file.write(to: url)
            let model = try Checkpoint.load(url)
            #expect(model.unusedRows == 5 && model.decoder.configuration.vocabularySize == 320)
            #expect(try model.requireTokenizer().hasSameIDs(as: tokenizer))
            #expect(try Checkpoint.tokenizer(at: url).vocabularySize == 320)
            #expect(try Checkpoint.configuration(at: url).vocabularySize == 320)
        }
    }
}
