import Foundation
import TestSupport
import Testing
import Tokenization

/// What a recipe finds on disk is refused before any work where it cannot serve.
@Suite struct StoredInputsTests {
    private func problems(
        _ train: String, tokenizer: String = "teacher", in directory: URL
    ) throws -> CommandRun {
        let recipe = """
            name: stored
            teacher: ./teacher
            tokenizer: ./\(tokenizer)
            student: {layers: 1, width: 32, heads: 2, feed_forward: 64}
            stages:
              - train: {corpus: corpus.jsonl, \(train), steps: 1, to: student}
            """
        try Data(recipe.utf8).write(to: directory.appending(path: "stored.yaml"))
        return try CommandRun.distill("validate", "stored.yaml", in: directory)
    }

    @Test func signalsAndVocabularies() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            try Data("{\"text\":\"where is the red lamp\"}\n".utf8).write(
                to: directory.appending(path: "corpus.jsonl"))
            let label = try CommandRun.distill(
                "label", "teacher", "--corpus", "corpus.jsonl", "--output", "signals", in: directory)
            #expect(label.status == 0, "\(label.standardError)")
            let other = try TokenizerTraining(kind: .bpe, vocabularySize: 300).train(["the red lamp is there"]
            )
            try other.write(to: directory.appending(path: "other.model"))

            let sound = try problems("signals: ./signals, losses: [{kind: forward_kl}]", in: directory)
            #expect(sound.status == 0, "\(sound.standardError)")
            let divergence = try problems("signals: ./signals, losses: [{kind: reverse_kl}]", in: directory)
            #expect(divergence.status == 78)
            #expect(divergence.standardError.contains("reverse_kl cannot be computed from sampled signals"))
            let temperature = try problems(
                "signals: ./signals, losses: [{kind: forward_kl, temperature: 2}]", in: directory)
            #expect(temperature.status == 78)
            #expect(temperature.standardError.contains("temperature 2.0 differs from the signals' 1.0"))
            let vocabulary = try problems(
                "teacher: ./teacher, losses: [{kind: forward_kl}]", tokenizer: "other.model", in: directory)
            #expect(vocabulary.status == 78)
            #expect(vocabulary.standardError.contains("./teacher has another tokenizer than the student"))
        }
    }
}
