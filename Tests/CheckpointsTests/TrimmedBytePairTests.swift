import Foundation
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Checkpoints

/// Models with a `tokenizer.json` whose vocabulary is trimmed.
@Suite struct TrimmedBytePairTests {
    private static let text = "Ada takes the lamp to the harbour, isn't it? 42 😀 é\n\n  漢字"

    private func logits(_ decoder: DecoderModel, _ ids: [Int32]) -> [Float] {
        withoutGradients { decoder.logits(decoder.hiddenStates(TokenBatch(sequences: [ids]))).values }
    }

    /// The student has the whole model's rows and, at the pieces that stay, its logits; as a directory and as a GGUF file it is
    /// read back with the same ids.
    @Test(arguments: ["gpt2", "qwen", "smollm", "llama3", "gemma"], [true, false])
    func rowsFollowTheirPieces(_ name: String, isTied: Bool) throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenizers/\(name).json"))
        let (count, padding) = (tokenizer.vocabularySize, 7)
        try withTemporaryDirectory { directory in
            // A table that is padded, as Qwen's.
            let url = directory.appending(path: "model")
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: count + padding, width: 32, layers: 1, heads: 2, feedForward: 32,
                    tiedHead: isTied, contextLength: 256), seed: 3)
            try Checkpoint.save(decoder: decoder, to: url)
            try tokenizer.serializedModel.write(to: url.appending(path: "tokenizer.json"))
            let whole = try Checkpoint.load(url)
            #expect(whole.unusedRows == padding)

            let trim = try VocabularyTrim(whole.requireTokenizer(), to: count - 40, texts: [Self.text])
            let student = try whole.pruned(to: DecoderSelection(), vocabulary: trim)
            let (wide, narrow) = (
                tokenizer.encodeContent(Self.text), trim.tokenizer.encodeContent(Self.text)
            )
            #expect(trim.usage.changedTokens == 0 && narrow.map { trim.rows[Int($0)] } == wide)
            let all = logits(whole.decoder, wide)
            let kept = wide.indices.flatMap { row in trim.rows.map { Double(all[row * count + Int($0)]) } }
            expectClose(logits(student.decoder, narrow), kept, absolute: 1e-6)

            let saved = directory.appending(path: "student")
            try student.save(to: saved, as: .f32)
            var copies = [try Checkpoint.load(saved)]
            if trim.tokenizer.bytePairModel != nil {
                let file = directory.appending(path: "student.gguf")
                try Checkpoint.export(
                    decoder: copies[0].decoder, tokenizer: copies[0].tokenizer, template: nil,
                    tokens: copies[0].tokens, to: file, as: .f32)
                copies.append(try Checkpoint.load(file))
            }
            #expect(copies.count == (name == "gemma" ? 1 : 2))
            for copy in copies {
                let read = try copy.requireTokenizer()
                #expect(read.vocabularySize == count - 40 && copy.unusedRows == 0)
                #expect(read.encodeContent(Self.text) == narrow)
                #expect(logits(copy.decoder, narrow) == logits(student.decoder, narrow))
            }
        }
    }

    /// What a chat template writes stays, though no text has it; its ids are asked for without weights.
    @Test func theTemplateStays() throws {
        let (begin, end) = ("<|im_start|>", "<|im_end|>")
        let whole = try Tokenizer(contentsOf: golden("tokenizers/gpt2.json"))
        var parts = try #require(whole.bytePairModel)
        parts.pieces += [begin, end, "user"]
        parts.kinds += [.control, .control, .normal]
        // A word that the template writes, merged last.
        parts.pieces += ["us", "er"].filter { whole.id(of: $0) == nil }
        parts.kinds += Array(repeating: .normal, count: parts.pieces.count - parts.kinds.count)
        parts.merges += ["u s", "e r", "us er"].filter { !parts.merges.contains($0) }
        var roles = TokenizerConfiguration()
        roles.endToken = end
        let tokenizer = try Tokenizer(parts, configuration: roles, name: "chats")
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: tokenizer.vocabularySize, width: 32, layers: 1, heads: 2, feedForward: 32,
                    contextLength: 64), seed: 3)
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .chatML, to: url)
            let checked = try Checkpoint.check(url)
            let required = checked.tokens.requiredIDs(of: tokenizer, template: checked.template)
            let chat = try ChatTemplate.chatML.encode(
                [Message(role: .user, content: ""), Message(role: .assistant, content: "")], with: tokenizer)
            let endID = try #require(tokenizer.endID)
            #expect(required.isSuperset(of: chat.ids) && required.contains(endID))

            let least = VocabularyTrim.leastSize(of: tokenizer, required: required)
            #expect(VocabularyTrim.problem(of: tokenizer, to: least - 1, required: required) != nil)
            let trim = try VocabularyTrim(tokenizer, to: least, texts: ["0"], required: required)
            let student = try Checkpoint.load(url).pruned(to: DecoderSelection(), vocabulary: trim)
            #expect(student.stopIDs == [try #require(trim.tokenizer.id(of: end))])
            let again = try ChatTemplate.chatML.encode(
                [Message(role: .user, content: ""), Message(role: .assistant, content: "")],
                with: trim.tokenizer)
            #expect(again.ids.map { trim.rows[Int($0)] } == chat.ids)
        }
    }
}
