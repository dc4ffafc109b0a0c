import Foundation
import Support

@testable import Tokenization

/// Vocabularies of random merges over few letters, in which much can go wrong: pieces made in several ways, pieces that
/// no text becomes, added tokens that overlap.
struct RandomVocabulary {
    enum Form: String, CaseIterable {
        /// Byte-level, as GPT-2.
        case byteLevel
        /// The same, where a word that is a piece becomes it (Llama 3).
        case ignoringMerges
        /// Pieces by rank, each made of every pair that spells it (tiktoken).
        case ranked
        /// A space is ▁, and characters without a piece are spelled in bytes (Gemma).
        case byteFallback
    }

    private var stream: RandomStream
    let tokenizer: Tokenizer

    private static let letters = ["a", "b", "c", "d", "e"]

    init(_ form: Form, index: UInt64) throws {
        var stream = RandomStream(seed: 7, purpose: "vocabulary \(form)", index: index)
        switch form {
        case .ranked:
            var pieces = (0...255).map { [UInt8($0)] }
            var known = Set(pieces)
            let (_, spellings) = Self.merges(60, of: Self.letters + [" "], &stream)
            for spelling in spellings where known.insert(Array(spelling.utf8)).inserted {
                pieces.append(Array(spelling.utf8))
            }
            tokenizer = try Tokenizer(
                RankedVocabulary(pieces, name: "ranked").model(
                    behind: ["<|end|>", "<|reserved_special_token_3|>"], NamedPreTokenizer("gpt-2")!,
                    ignoresMerges: stream.nextUniform() < 0.5, beginID: nil), name: "ranked")
        case .byteFallback:
            let bytes = (0...255).map { BytePiece.spelling(of: UInt8($0)) }
            // One letter has no piece.
            let letters = Self.letters.dropLast() + ["\u{2581}"]
            let (merges, spellings) = Self.merges(60, of: letters, &stream)
            tokenizer = try Self.tokenizer(
                "gemma", pieces: ["<unk>", "<pad>", "<s>"] + bytes + letters + spellings, merges,
                added: [("<unused7>", true, false), ("</s>", true, false)])
        case .byteLevel, .ignoringMerges:
            let bytes = ByteAlphabet.scalars.map { String($0) }
            let (merges, spellings) = Self.merges(60, of: Self.letters + ["\u{120}"], &stream)
            let added = [
                ("<unused1>", true, false), ("used1>", false, false), ("1>a", false, true),
                ("ab ab", false, true),
                ("b a", false, false), ("<|end|>", true, false),
            ].filter { _ in stream.nextUniform() < 0.7 }
            tokenizer = try Self.tokenizer(
                "gpt2", pieces: bytes + spellings, merges, added: added,
                ignoresMerges: form == .ignoringMerges)
        }
        self.stream = stream
    }

    /// Random pairs of pieces that are there, in a random order, and the new pieces that they make.
    private static func merges(
        _ count: Int, of letters: some Sequence<String>, _ stream: inout RandomStream
    ) -> (merges: [[String]], pieces: [String]) {
        var pieces = Array(letters)
        let first = pieces.count
        var merges: [[String]] = []
        while merges.count < count {
            // Short pieces more often, so that merges can happen.
            let pair = (0..<2).map { _ in
                pieces[min(stream.nextIndex(below: pieces.count), stream.nextIndex(below: pieces.count))]
            }
            guard pair.joined().count < 9, !merges.contains(pair) else { continue }
            merges.append(pair)
            if !pieces.contains(pair.joined()) { pieces.append(pair.joined()) }
        }
        let order = stream.permutation(of: count)
        return (order.map { merges[$0] }, Array(pieces[first...]))
    }

    private static func tokenizer(
        _ base: String, pieces: [String], _ merges: [[String]],
        added: [(content: String, isSpecial: Bool, isSingleWord: Bool)], ignoresMerges: Bool = false
    ) throws -> Tokenizer {
        guard
            var file = try JSONSerialization.jsonObject(with: BytePairGolden.data(base)) as? [String: Any],
            var model = file["model"] as? [String: Any]
        else { throw UserError("no tokenizer.json") }
        model["vocab"] = Dictionary(uniqueKeysWithValues: pieces.enumerated().map { ($1, $0) })
        model["merges"] = merges
        model["ignore_merges"] = ignoresMerges
        file["model"] = model
        file["post_processor"] = NSNull()
        file["added_tokens"] = added.enumerated().map { index, token in
            [
                "id": pieces.count + index, "content": token.content, "special": token.isSpecial,
                "single_word": token.isSingleWord, "lstrip": false, "rstrip": false, "normalized": false,
            ] as [String: Any]
        }
        return try Tokenizer(tokenizerJSON: JSONSerialization.data(withJSONObject: file), name: base)
    }

    /// A text of letters, spaces and what spells added tokens.
    mutating func text() -> String {
        let parts =
            Self.letters + Self.letters + [
                " ", " ", "ab", "cab", "<unused1>", "used1>", "1>a", "<un", "ab ab", "b a", "é", "🙂",
            ]
        return (0..<1 + stream.nextIndex(below: 24)).map { _ in
            // Letters mostly.
            parts[min(stream.nextIndex(below: parts.count), stream.nextIndex(below: parts.count))]
        }.joined()
    }

    mutating func size(from least: Int) -> Int {
        least + stream.nextIndex(below: max(1, tokenizer.vocabularySize - least))
    }
}
