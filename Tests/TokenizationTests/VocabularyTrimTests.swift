import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@Suite("Trimming a vocabulary")
struct VocabularyTrimTests {
    /// As in `Tests/Golden/trimming/generate.py`.
    private static let sizes = ["unigram": 315, "bpe": 345, "prefixed": 360, "rewriting": 80]

    private func texts() throws -> [String] {
        struct Line: Decodable { let text: String }
        let data = try Data(contentsOf: golden("trimming/text.jsonl"))
        return try data.split(separator: 10).map { try JSONDecoder().decode(Line.self, from: $0).text }
    }

    private func trimmed(_ name: String, to size: Int? = nil) throws -> (
        whole: Tokenizer, trim: VocabularyTrim
    ) {
        let whole = try Golden.tokenizer(name)
        return (whole, try VocabularyTrim(whole, to: size ?? Self.sizes[name]!, texts: texts()))
    }

    @Test(arguments: Golden.names)
    func textIsDividedAsBefore(_ name: String) throws {
        let (whole, trim) = try trimmed(name)
        #expect(trim.usage.changedTokens == 0 && trim.usage.tokens > 400)
        #expect(trim.tokenizer.vocabularySize == Self.sizes[name]!)
        for text in try texts() {
            for continuing in [false, true] {
                let old = whole.encodeContent(text, continuing: continuing)
                let new = trim.tokenizer.encodeContent(text, continuing: continuing)
                #expect(new.map { trim.rows[Int($0)] } == old, "\(text)")
            }
        }
    }

    /// sentencepiece opens the model and finds the same ids, in the text and in hundreds of odd ones beside it.
    @Test(arguments: Golden.names)
    func agreesWithSentencePiece(_ name: String) throws {
        let (_, trim) = try trimmed(name)
        let bytes = try Data(contentsOf: golden("trimming/\(name).model"))
        #expect(trim.tokenizer.serializedModel == bytes)
        let data = try Data(contentsOf: golden("trimming/ids.json"))
        let cases = try JSONDecoder().decode([String: [Golden.Case]].self, from: data)[name]!
        #expect(cases.count > 240)
        for example in cases {
            #expect(trim.tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test(arguments: Golden.names)
    func whatIsNoTextSurvives(_ name: String) throws {
        let (whole, trim) = try trimmed(name)
        for kind in PieceKind.allCases where kind != .normal {
            let kept = trim.tokenizer.ids(of: kind).map(trim.tokenizer.piece)
            #expect(kept == whole.ids(of: kind).map(whole.piece), "\(kind)")
        }
        let small = trim.tokenizer
        #expect(
            small.unknownID != nil && small.unknownID.map(small.piece) == whole.unknownID.map(whole.piece))
        #expect(small.beginID.map(small.piece) == whole.beginID.map(whole.piece))
        #expect(small.endID.map(small.piece) == whole.endID.map(whole.piece))
        #expect(small.paddingID.map(small.piece) == whole.paddingID.map(whole.piece))
        #expect(small.normalization == whole.normalization && small.charactersMap == whole.charactersMap)
        #expect(small.addsDummyPrefix == whole.addsDummyPrefix && small.kind == whole.kind)
        for id in 0..<Int32(small.vocabularySize) {
            let old = trim.rows[Int(id)]
            #expect(
                sameBytes(small.piece(id), whole.piece(old)) && small.score(of: id) == whole.score(of: old))
            #expect(trim.id(of: old) == id)
        }
        let gone = (0..<Int32(whole.vocabularySize)).count { trim.id(of: $0) == nil }
        #expect(gone == whole.vocabularySize - small.vocabularySize && gone > 10)
    }

    /// Too few places for the text's pieces: the rare ones go, and what changes is counted.
    @Test(arguments: ["unigram", "bpe"])
    func aShareOfTheTextChanges(_ name: String) throws {
        let (whole, trim) = try trimmed(name, to: 285)
        let small = trim.tokenizer
        // Counted again, by the characters that each token covers.
        func tokens(_ tokenizer: Tokenizer, _ text: String) -> Set<String> {
            var place = 0
            return Set(
                tokenizer.encodeContent(text).map { id in
                    defer { place += tokenizer.bytes(of: id).count }
                    return "\(place) \(tokenizer.piece(id))"
                })
        }
        let changed = try texts().reduce(0) { $0 + tokens(whole, $1).subtracting(tokens(small, $1)).count }
        #expect(changed > 0 && trim.usage.changedTokens == changed)
        // The most frequent piece of this text.
        #expect(small.id(of: "▁the") != nil || small.id(of: "▁") != nil)
    }

    /// BPE reaches a piece through others, which must stay even where they never end up in the text.
    @Test func mergesKeepWhatTheyPassThrough() throws {
        var builder = ModelBuilder(kind: 2)
        let spellings = ["ab", "cd", "abcd", "xy", "zx", "bc"]
        builder.pieces = [("<unk>", 0, 2)]
        builder.pieces += spellings.enumerated().map { ($1, -Float($0), 1) }
        builder.pieces += "abcdxyz".map { (String($0), -100, 1) }
        let whole = try builder.tokenizer()
        #expect(whole.encode("abcd").map(whole.piece) == ["abcd"])
        let trim = try VocabularyTrim(whole, to: 8, texts: ["abcd"])
        #expect(
            Set((0..<8).map { trim.tokenizer.piece($0) }) == [
                "<unk>", "abcd", "ab", "cd", "a", "b", "c", "d",
            ])
        #expect(trim.tokenizer.encode("abcd").map(trim.tokenizer.piece) == ["abcd"])
        // One place fewer: the piece and all it needs no longer fit.
        let less = try VocabularyTrim(whole, to: 7, texts: ["abcd"])
        #expect(less.tokenizer.id(of: "abcd") == nil && less.usage.changedTokens == 1)
    }

    /// Places that the text leaves go to what is wished for, and then by score.
    @Test func placesLeftFollowWishes() throws {
        let builder = ModelBuilder(pieces: [
            ("<unk>", 0, 2), ("a", -1, 1), ("b", -2, 1), ("c", -3, 1), ("d", -4, 1), ("e", -9, 1),
        ])
        let whole = try builder.tokenizer()
        func kept(_ wishes: [Float]?) throws -> [String] {
            let trim = try VocabularyTrim(whole, to: 5, texts: ["c"], preferring: wishes)
            return (0..<5).map { trim.tokenizer.piece($0) }
        }
        // The least probable piece says what an unknown character costs.
        #expect(try kept(nil) == ["<unk>", "a", "b", "c", "e"])
        #expect(try kept([0, 0, 0, 0, 0.5, 0]) == ["<unk>", "a", "c", "d", "e"])
    }

    @Test func placeholdersGoAndSymbolsTakePlaces() throws {
        var builder = ModelBuilder(kind: 2)
        builder.pieces = [("<unk>", 0, 2), ("<s>", 0, 3), ("<unused0>", 0, 3), ("<p>", 0, 4)]
        builder.pieces += "abcd".map { (String($0), -1, 1) }
        let whole = try builder.tokenizer()
        let trim = try VocabularyTrim(
            whole, to: 5, texts: ["aab"], symbols: [.init("<|end|>", replacing: "<p>")])
        let small = trim.tokenizer
        #expect((0..<5).map { small.piece($0) } == ["<unk>", "<s>", "<|end|>", "a", "b"])
        #expect(trim.rows == [0, 1, 3, 4, 5])
        #expect(trim.id(of: 5) == 4 && trim.id(of: 3) == 2 && trim.id(of: 2) == nil)
        #expect(small.beginID == 1 && small.kind(of: 2) == .userDefined)
        #expect(small.encode("a<|end|>b") == [3, 2, 4] && trim.usage.changedTokens == 0)
        // Text that has the piece is divided otherwise.
        let changed = try VocabularyTrim(
            whole, to: 6, texts: ["ab"], symbols: [.init("<|end|>", replacing: "b")])
        #expect(changed.usage.changedTokens == 1)
    }

    @Test func impossibleSizesAndSymbolsAreRefused() throws {
        let whole = try Golden.tokenizer("bpe")
        func message(_ size: Int, _ symbols: [VocabularyTrim.Symbol] = []) -> String? {
            do {
                _ = try VocabularyTrim(whole, to: size, texts: ["Ada"], symbols: symbols)
                return nil
            } catch { return "\(error)" }
        }
        let size = whole.vocabularySize
        #expect(message(size)?.contains("\(size) pieces are no fewer than the vocabulary has") == true)
        #expect(message(100)?.contains("100 pieces are too few: those that must stay") == true)
        #expect(
            message(300, [.init("<|end|>", replacing: "A")])?.contains("is empty or there already") == true)
        #expect(
            message(300, [.init("<x>", replacing: "no piece")])?.contains("cannot replace \"no piece\"")
                == true)
        #expect(message(300) == nil)
    }

    @Test("The golden files are those of the manifest")
    func manifest() throws {
        struct Manifest: Decodable { let sha256: [String: String] }
        let data = try Data(contentsOf: golden("trimming/manifest.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        #expect(manifest.sha256.count == 6)
        for (name, hash) in manifest.sha256 {
            #expect(try Fingerprint(fileAt: golden("trimming/\(name)")).hexadecimal == hash, "\(name)")
        }
    }
}
