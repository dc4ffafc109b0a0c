import Foundation
import TestSupport
import Tokenization

/// What `Tests/Golden/tokenization/generate.py` wrote for one vocabulary.
struct Golden: Decodable {
    struct Case: Decodable {
        let text: String
        let ids: [Int32]
    }

    struct Piece: Decodable {
        let piece: String
        let score: Float
        let kind: PieceKind
    }

    struct Chat: Decodable {
        let messages: [Message]
        let prompt: Bool
        let ids: [Int32]
        let assistant: [Bool]
    }

    let encoded: [Case]
    let decoded: [Case]
    let pieces: [Piece]
    /// -1 where there is none.
    let special: [String: Int32]

    static let names = ["unigram", "bpe", "prefixed", "rewriting"]
    /// Vocabularies that neither rewrite nor add anything.
    static let exactNames = ["unigram", "bpe"]

    static func load(_ name: String) throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: Data(contentsOf: golden("tokenization/\(name).json")))
    }

    static func chats(_ name: String) throws -> [Chat] {
        let data = try Data(contentsOf: golden("tokenization/chats.json"))
        return try JSONDecoder().decode([String: [Chat]].self, from: data)[name]!
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(contentsOf: golden("tokenization/\(name).model"))
    }
}

/// Texts made of parts that are hard to divide: markers whole and broken, spaces, letters beyond ASCII.
struct OddTexts: Sequence, IteratorProtocol {
    private var generator: SeededGenerator
    private static let parts = [
        "<|user|>", "<|end|>", "<|assistant|>", "<|system|>", "<|", "|>", "<|us", "er|>", "<s>", "</s>",
        "<unk>",
        "<0x41>", " ", "  ", "\n", "\t", "Ada", "lamp", "the", "7", "é", "e\u{301}", "中", "😀", "👨‍👩‍👧", "\0",
        "\u{10FFFF}", "<", "|",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> String? {
        let count = Int.random(in: 0...20, using: &generator)
        return (0..<count).map { _ in Self.parts.randomElement(using: &generator)! }.joined()
    }
}

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Xorshift64* (Vigna 2016).
    mutating func next() -> UInt64 {
        if state == 0 { state = 0x9e37_79b9 }
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}

/// Whether two strings have the same bytes: == takes é and e + ´ for the same.
func sameBytes(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
