import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

/// transformers opens what we write and computes the same. Runs where `DISTILL_PYTHON` names a Python that has
/// what `check_transformers.py` needs.
@Suite struct TransformersTests {
    static let python = ProcessInfo.processInfo.environment["DISTILL_PYTHON"]

    private func writeExpected(_ checkpoint: Checkpoint, chat: [Int32]?, to url: URL) throws {
        let vocabulary = checkpoint.decoder.configuration.vocabularySize
        var entries: [SafetensorsEntry] = []
        for (index, length) in [1, 9, 30].enumerated() {
            let ids = Fixture.ids(length, vocabulary: vocabulary, seed: UInt64(index))
            let values = logits(checkpoint.decoder, ids)
            entries.append(.init(name: "ids.\(index)", shape: [length], values: ids))
            entries.append(.init(name: "logits.\(index)", shape: [length, vocabulary], values: values))
        }
        if let chat { entries.append(.init(name: "chat", shape: [chat.count], values: chat)) }
        try SafetensorsWriter.write(entries, to: url)
    }

    private func check(_ directory: URL, _ expected: URL) throws {
        let report = try runPython(
            try #require(Self.python), "check_transformers.py", [directory.path, expected.path])
        #expect(report.status == 0, "\(report.output)")
    }

    @Test(.enabled(if: python != nil), arguments: [DType.f32, .bf16, .f16], [true, false])
    func opensWeights(type: DType, tied: Bool) throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            try Checkpoint.save(decoder: Fixture.decoder(tiedHead: tied), to: url, as: type)
            let expected = directory.appending(path: "expected.safetensors")
            try writeExpected(try Checkpoint.load(url), chat: nil, to: expected)
            try check(url, expected)
        }
    }

    @Test(.enabled(if: python != nil), arguments: FamilyTests.all)
    func opensFamilies(name: String) throws {
        try withTemporaryDirectory { directory in
            let original = try Checkpoint.load(golden("families/\(name)"))
            let url = directory.appending(path: "copy")
            try Checkpoint.save(decoder: original.decoder, tokens: original.tokens, to: url)
            let expected = directory.appending(path: "expected.safetensors")
            try writeExpected(original, chat: nil, to: expected)
            try check(url, expected)
        }
    }

    @Test(.enabled(if: python != nil))
    func opensTokenizerAndTemplate() throws {
        let tokenizer = try tinyTokenizer()
        // CHAT of the script.
        let messages = [
            Message(role: .system, content: "Be brief."),
            Message(role: .user, content: "Where is the red lamp?"),
            Message(role: .assistant, content: "In the hall."),
            Message(role: .user, content: "And the key?"),
        ]
        let chat = try ChatTemplate.roleMarkers.encode(messages, with: tokenizer, addGenerationPrompt: true)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            try Checkpoint.save(
                decoder: tinyDecoder(tokenizer), tokenizer: tokenizer, template: .roleMarkers, to: url)
            let expected = directory.appending(path: "expected.safetensors")
            try writeExpected(try Checkpoint.load(url), chat: chat.ids, to: expected)
            try check(url, expected)
        }
    }
}
