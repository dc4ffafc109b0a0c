import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenization

/// Whatever happens to the file of a vocabulary: one error, or a tokenizer that encodes and decodes; soon, and in bounded memory.
///
/// `.ci/extended fuzz` asks for many more rounds. `DISTILL_VOCABULARIES` names real files, separated by colons, that are damaged too.
@Suite(.serialized) struct VocabularyFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Mutations of all forms together.
    private static let rounds = environment["DISTILL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 9000
    /// Real files open in a second or two.
    private static let realRounds = environment["DISTILL_VOCABULARY_ROUNDS"].flatMap { Int($0) } ?? 300

    private static let texts =
        Array(OddTexts(seed: 62).prefix(3)) + [" a  b\n\n", "It's 1234\u{301}\u{2581}é😀 ", ""]

    /// Damages a file again and again.
    ///
    /// - Returns: How many were refused, and the longest time that one took, in seconds.
    @discardableResult
    private func damage(
        _ sound: [UInt8], rounds: Int, seed: UInt64, _ open: (Data) throws -> Tokenizer
    ) throws -> (refused: Int, slowest: Double) {
        let tree = sound.first == UInt8(ascii: "{") ? JSONRanges(sound) : nil
        var mutator = FileMutator(seed: seed)
        return try useDamagedVocabularies(rounds: rounds, texts: Self.texts) { round in
            guard let tree, round % 3 > 0 else { return try open(Data(mutator.damaged(sound))) }
            return try open(Data(mutator.damagedValues(sound, tree)))
        }
    }

    @Test(arguments: BytePairGolden.names)
    func tokenizerJSON(_ name: String) throws {
        let rounds = Self.rounds * 2 / 3 / BytePairGolden.names.count
        let (refused, slowest) = try damage([UInt8](BytePairGolden.data(name)), rounds: rounds, seed: 71) {
            try Tokenizer(tokenizerJSON: $0, name: "made.json")
        }
        #expect(refused > rounds / 3 && refused < rounds && slowest < 2, "\(refused) refused, \(slowest) s")
    }

    /// Every byte, and some pieces of several.
    private static let pieces =
        (0...255).map { [UInt8($0)] } + ["ab", "abc", " a", "12", "e\u{301}"].map { Array($0.utf8) }

    @Test func tekken() throws {
        let vocabulary = Self.pieces.enumerated().map {
            #"{"rank":\#($0),"token_bytes":"\#(Data($1).base64EncodedString())","token_str":null}"#
        }
        let sound = """
            {"config":{"pattern":"\(KnownPattern.cased(.init()).expression.replacing("\\", with: "\\\\"))","num_vocab_tokens":283,
            "default_vocab_size":283,"default_num_special_tokens":22,"version":"v7"},
            "special_tokens":[{"rank":1,"token_str":"<s>","is_control":true}],"vocab":[\(vocabulary.joined(separator: ","))]}
            """
        let open = { try Tokenizer(BytePairModel(tekken: $0, name: "tekken.json"), name: "tekken.json") }
        _ = try open(Data(sound.utf8))
        let rounds = Self.rounds / 6
        let (refused, slowest) = try damage(Array(sound.utf8), rounds: rounds, seed: 72, open)
        #expect(refused > rounds / 3 && refused < rounds && slowest < 2, "\(refused) refused, \(slowest) s")
    }

    @Test func tiktoken() throws {
        let named = try #require(NamedPreTokenizer("llama3"))
        let sound = Self.pieces.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }.joined()
        let rounds = Self.rounds / 6
        let (refused, slowest) = try damage(Array(sound.utf8), rounds: rounds, seed: 73) {
            try Tokenizer(
                BytePairModel(tiktoken: $0, preTokenizer: named, specialTokens: ["<|end|>"], name: "made"),
                name: "made")
        }
        #expect(refused > rounds / 3 && refused < rounds && slowest < 2, "\(refused) refused, \(slowest) s")
    }

    /// Real files: `tokenizer.json`, tekken.json, tiktoken and SentencePiece files.
    @Test(.enabled(if: environment["DISTILL_VOCABULARIES"] != nil))
    func realFiles() throws {
        for path in (Self.environment["DISTILL_VOCABULARIES"] ?? "").split(separator: ":").map(String.init) {
            let sound = [UInt8](try Data(contentsOf: URL(filePath: path)))
            let isTekken = path.contains("tekken"), isRanked = BytePairModel.isTiktoken(Data(sound))
            let named = try #require(NamedPreTokenizer("qwen2"))
            let (refused, slowest) = try damage(sound, rounds: Self.realRounds, seed: 74) {
                if isTekken { return try Tokenizer(BytePairModel(tekken: $0, name: path), name: path) }
                if isRanked {
                    let model = try BytePairModel(
                        tiktoken: $0, preTokenizer: named, specialTokens: [], name: path)
                    return try Tokenizer(model, name: path)
                }
                return try Tokenizer(serializedModel: $0, name: path)
            }
            print("\(path): \(refused) of \(Self.realRounds) refused, slowest \(slowest) s")
        }
    }
}
