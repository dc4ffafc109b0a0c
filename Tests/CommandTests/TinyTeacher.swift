import Checkpoints
import Foundation
import TestSupport
import Tokenization
import Transformer

/// A directory with a random teacher, a corpus and a recipe: enough to run every stage in seconds.
struct TinyTeacher {
    let directory: URL

    var teacher: URL { directory.appending(path: "teacher") }
    var prompts: URL { directory.appending(path: "prompts.jsonl") }
    var recipe: URL { directory.appending(path: "tiny.yaml") }

    init(in directory: URL, width: Int = 64, feedForward: Int = 128, layers: Int = 2) throws {
        self.directory = directory
        let words = ["red", "lamp", "hall", "key", "door", "river", "stone", "apple", "where", "is", "the"]
        let sentences = (0..<400).map { index in
            (0..<6).map { words[(index * 7 + $0 * 5 + index / 11) % words.count] }.joined(separator: " ")
        }
        let tokenizer = try Tokenizer(
            serializedModel: TokenizerTraining(kind: .bpe, vocabularySize: 320).train(sentences), name: "tiny"
        )
        let decoder = try DecoderModel(
            configuration: Configuration(
                vocabularySize: tokenizer.vocabularySize, width: width, layers: layers, heads: 2,
                feedForward: feedForward,
                contextLength: 128), seed: 1)
        try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .roleMarkers, to: teacher)
        let lines = sentences.prefix(150).map { #"{"messages":[{"role":"user","content":"\#($0)"}]}"# }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: prompts)
        try Data(Self.recipeText.utf8).write(to: recipe)
    }

    private static let recipeText = """
        name: tiny
        seed: 5
        teacher: ./teacher
        student: {layers: 2, width: 32, heads: 2, feed_forward: 64, context: 128}
        stages:
          - generate: {prompts: prompts.jsonl, samples: 2, max_new_tokens: 40, to: corpus}
          - label: {corpus: corpus, signal: {kind: sampled, head: 4, draws: 8}, context: 128, to: signals}
          - train:
              corpus: corpus
              signals: signals
              losses: [{kind: cross_entropy, weight: 0.3}, {kind: forward_kl, weight: 0.7}]
              batch: {sequences: 4, context: 128}
              steps: 150
              ema: 0.99
              checkpoint_every: 20
              to: student
        """
}
