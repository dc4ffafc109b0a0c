import Checkpoints
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

/// Whatever happens to the vocabulary of a GGUF file: one error, or a tokenizer that encodes and decodes.
///
/// `.ci/extended fuzz` asks for many more rounds. `DISTILL_GGUF_VOCABULARIES` names real files, separated by colons: their vocabularies are
/// damaged too.
@Suite(.serialized) struct GGUFVocabularyFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let rounds = environment["DISTILL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 1000
    private static let realRounds = environment["DISTILL_VOCABULARY_ROUNDS"].flatMap { Int($0) } ?? 300

    private static func bytePair() throws -> BytePairModel {
        let merges = ["t h", "th e", "\u{120} the", "e r"]
        return BytePairModel(
            pieces: byteLevelAlphabet + merges.map { $0.replacing(" ", with: "") } + ["<|end|>", "<tool>"],
            kinds: Array(repeating: .normal, count: 260) + [.control, .userDefined], merges: merges,
            preTokenizer: try #require(NamedPreTokenizer("llama-bpe")), beginID: 260)
    }

    /// A file of a byte-level vocabulary; of SentencePiece's where `model` is nil.
    private static func file(_ model: BytePairModel?) throws -> GGUFBytes {
        guard let model else {
            let tokenizer = try tinyTokenizer()
            var file = GGUFBytes.model(rows: tokenizer.vocabularySize)
            file.add(tokenizer)
            return file
        }
        var file = GGUFBytes.model(rows: model.pieces.count)
        file.add("tokenizer.ggml.model", "gpt2")
        file.add("tokenizer.ggml.pre", model.preTokenizer.name)
        file.add(
            "tokenizer.ggml.tokens", list: 8, count: model.pieces.count, model.pieces.flatMap(GGUFBytes.text))
        file.add(
            "tokenizer.ggml.token_type", list: 5, count: model.kinds.count,
            model.kinds.flatMap { GGUFBytes.bytes(Int32($0.number)) })
        file.add(
            "tokenizer.ggml.merges", list: 8, count: model.merges.count, model.merges.flatMap(GGUFBytes.text))
        file.add("tokenizer.ggml.bos_token_id", UInt32(model.beginID ?? 0))
        file.add("tokenizer.ggml.add_bos_token", true)
        return file
    }

    /// Damages a key of the vocabulary: its value, its type, the length it claims; or the whole file.
    private func damaged(_ sound: GGUFBytes, _ mutator: inout FileMutator, round: Int) -> Data {
        guard round % 4 > 0 else { return Data(mutator.damaged([UInt8](sound.file))) }
        var file = sound
        var random = RandomStream(seed: 82, purpose: "keys", index: UInt64(round))
        let vocabulary = file.pairs.indices.filter { file.pairs[$0].key.hasPrefix("tokenizer.") }
        for _ in 0...random.nextIndex(below: 2) {
            let index = vocabulary[random.nextIndex(below: vocabulary.count)]
            let value = file.pairs[index].value
            switch random.nextIndex(below: 8) {
            case 0: file.pairs[index].type = UInt32(random.nextIndex(below: 14))
            case 1:
                file.pairs[index].value =
                    file.pairs[vocabulary[random.nextIndex(below: vocabulary.count)]].value
            case 2: file.pairs.append(file.pairs[index])
            case 3: file.pairs[index].key += "x"
            case 4 where value.count >= 12:
                // The number of a list's elements.
                file.pairs[index].value.replaceSubrange(
                    4..<12, with: GGUFBytes.bytes(random.next() >> UInt64(random.nextIndex(below: 64))))
            case 5: file.pairs[index].value = value.map { _ in 0xFF }
            default: file.pairs[index].value = mutator.damaged(value)
            }
        }
        return file.file
    }

    @discardableResult
    private func damage(_ sound: GGUFBytes, rounds: Int) throws -> (refused: Int, slowest: Double) {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "vocabulary.gguf")
            var mutator = FileMutator(seed: 81)
            let texts = ["the other then\n\n 123 é", "<tool><|end|>\u{2581}😀", ""]
            return try useDamagedVocabularies(rounds: rounds, texts: texts) { round in
                try damaged(sound, &mutator, round: round).write(to: url)
                return try Checkpoint.tokenizer(at: url)
            }
        }
    }

    @Test(arguments: [true, false])
    func damagedVocabularies(isBytePair: Bool) throws {
        let sound = try Self.file(isBytePair ? Self.bytePair() : nil)
        let (refused, slowest) = try damage(sound, rounds: Self.rounds / 2)
        #expect(
            refused > Self.rounds / 8 && refused < Self.rounds / 2 && slowest < 2, "\(refused), \(slowest) s")
    }

    @Test(.enabled(if: environment["DISTILL_GGUF_VOCABULARIES"] != nil))
    func realVocabularies() throws {
        for path in (Self.environment["DISTILL_GGUF_VOCABULARIES"] ?? "").split(separator: ":").map(
            String.init)
        {
            let model = try #require(try Checkpoint.tokenizer(at: URL(filePath: path)).bytePairModel)
            let (refused, slowest) = try damage(try Self.file(model), rounds: Self.realRounds)
            print("\(path): \(refused) of \(Self.realRounds) refused, slowest \(slowest) s")
        }
    }
}
