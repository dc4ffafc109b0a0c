import Support
import TestSupport
import Testing
import Tokenization

/// Vocabularies of one family, whose added tokens differ.
@Suite struct PieceMatchTests {
    private let whole = ["t h", "th e", "\u{120} the", "e r", "o n"]

    @Test func theSameVocabularyMatchesAsItIs() throws {
        let match = try #require(try smallBytePair().match(in: smallBytePair()))
        #expect(match.isIdentity && match.missing.isEmpty && match.ids.count == 264)
        #expect(match.ids == (0..<264).map { $0 })
    }

    /// Added tokens that the teacher lacks, and some that it has more; its ids are others.
    @Test func addedTokensMayDiffer() throws {
        let student = try smallBytePair(added: ["<|end|>", "<tool>", "<|im_end|>"])
        let teacher = try smallBytePair(
            added: ["<|pad|>", "<|im_end|>", "<|end|>", "<image>"], firstAdded: true)
        let match = try #require(student.match(in: teacher))
        #expect(match.missing == [262] && !match.isIdentity)
        for (id, found) in match.ids.enumerated() {
            if let found { #expect(student.piece(Int32(id)) == teacher.piece(found)) }
        }
        #expect(match.ids.compactMap { $0 }.count == 263)
        // A text's pieces are the same.
        let ids = student.encode("the other one")
        #expect(ids.map { match.ids[Int($0)] } == teacher.encode("the other one"))
    }

    @Test func aLargerVocabularyOfTheSamePrefixMatchesBothWays() throws {
        let small = try smallBytePair()
        let large = try smallBytePair(added: ["<|end|>", "<|im_start|>", "<|im_end|>", "<think>"])
        let match = try #require(small.match(in: large))
        #expect(match.missing.isEmpty && !match.isIdentity && match.ids == (0..<264).map { $0 })
        #expect(try #require(large.match(in: small)).missing == [264])
    }

    /// A trimmed vocabulary has some of the merges, in the same order.
    @Test func mergesMustBeTheOthers() throws {
        let teacher = try smallBytePair(merges: whole)
        #expect(try smallBytePair(merges: ["t h", "e r"]).match(in: teacher) != nil)
        #expect(try teacher.match(in: smallBytePair(merges: ["t h", "e r"])) == nil)
        // Another order divides texts otherwise.
        #expect(try smallBytePair(merges: ["e r", "t h"]).match(in: teacher) == nil)
        #expect(try smallBytePair(merges: ["h e"]).match(in: teacher) == nil)
    }

    @Test func textsMustBePreparedAlike() throws {
        let teacher = try smallBytePair()
        #expect(try smallBytePair(preTokenizer: "llama-bpe").match(in: teacher) == nil)
        #expect(smallTokenizer.match(in: teacher) == nil)
        #expect(teacher.match(in: smallTokenizer) == nil)
    }

    @Test func sentencePieceVocabulariesMatchByPieceAndScore() throws {
        let sentences = ["the other one then", "one of the others"]
        func vocabulary(_ symbols: [String], size: Int) throws -> Tokenizer {
            var training = TokenizerTraining(kind: .bpe, vocabularySize: size)
            training.userDefinedSymbols = symbols
            return try Tokenizer(serializedModel: training.train(sentences), name: "trained")
        }
        // Scores of BPE pieces are their ranks, which symbols before them do not change.
        let student = try vocabulary(["<a>"], size: 280)
        let teacher = try vocabulary(["<b>", "<a>"], size: 281)
        let match = try #require(student.match(in: teacher))
        #expect(match.missing.isEmpty)
        let ids = student.encode("one other")
        #expect(ids.map { match.ids[Int($0)] } == teacher.encode("one other"))
        #expect(try #require(teacher.match(in: student)).missing.map(teacher.piece) == ["<b>"])
        #expect(try student.match(in: vocabulary(["<a>"], size: 276)) == nil)
    }

    @Test func fingerprintsOfPiecesSeeKindsAndSpellings() throws {
        let one = try smallBytePair()
        #expect(try one.piecesFingerprint == smallBytePair().piecesFingerprint)
        // The pattern is no piece.
        #expect(try one.piecesFingerprint == smallBytePair(preTokenizer: "gpt-2").piecesFingerprint)
        #expect(
            try one.piecesFingerprint != smallBytePair(added: ["<|end|>", "<|im_start|>"]).piecesFingerprint)
        #expect(
            try one.piecesFingerprint
                != smallBytePair(added: ["<|end|>", "<|im_start|>", "<im_end>"]).piecesFingerprint)
    }
}
