import Checkpoints
import Foundation
import Tokenization
import Transformer

/// A model of 100 pieces on disk, made once a process: files that name a model are looked at when a recipe is validated.
final class TinyModel: Sendable {
    static let shared = try! TinyModel()

    let url: URL

    private init() throws {
        url = FileManager.default.temporaryDirectory.appending(
            path: "tiny-model-\(UUID().uuidString)", directoryHint: .isDirectory)
        try Self.save(to: url)
    }

    /// - Parameters:
    ///   - seed: of the weights
    ///   - words: which words the tokenizer knows: another number, another tokenizer
    static func save(
        to url: URL, layers: Int = 2, context: Int = 2048, seed: UInt64 = 1, words: Int = 0,
        withTokenizer: Bool = true, tokenizer given: Tokenizer? = nil, experts: Experts? = nil
    ) throws {
        let tokenizer = try given ?? tokenizer(words: words)
        let decoder = try DecoderModel(
            configuration: Configuration(
                family: experts == nil ? .llama : .mixtral, vocabularySize: tokenizer.vocabularySize,
                width: 16, layers: layers, heads: 2,
                keyValueHeads: 2, headDimension: 8, feedForward: 32, tiedHead: true, contextLength: context,
                experts: experts),
            seed: seed)
        try Checkpoint.save(
            decoder: decoder, tokenizer: withTokenizer ? tokenizer : nil, template: nil, to: url, as: .f32)
    }

    /// 100 pieces, none of them a byte.
    private static func tokenizer(words: Int) throws -> Tokenizer {
        var training = TokenizerTraining(kind: .unigram, vocabularySize: 100)
        training.hasByteFallback = false
        training.userDefinedSymbols = []
        let (heads, tails) = (Array("bcdfghjklmnpqrstvwxyzBDGKLMNPRST"), Array("aeiou"))
        func word(_ number: Int) -> String {
            var (word, rest) = ("", number * 7919 + words * 104_729 + 1)
            for _ in 0..<(1 + number % 3) {
                word.append(heads[rest % heads.count])
                word.append(tails[rest / 7 % tails.count])
                rest = rest / 3 + number * 31
            }
            return word
        }
        let sentences = (0..<300).map { line in
            (0..<8).map { word((line * 5 + $0 * $0) % 150) }.joined(separator: " ")
        }
        return try Tokenizer(serializedModel: training.train(sentences), name: "tiny")
    }
}
