import Foundation
import Testing

@testable import Tokenization

@Suite struct BPESegmenterTests {
    /// Word by word, with the words of other texts in mind, gives what the whole text at once gives.
    private func expectEqualDivisions(_ tokenizer: Tokenizer, texts: [String]) throws {
        guard case .pair(let segmenter) = tokenizer.sentencePiece?.segmenter else {
            preconditionFailure("a vocabulary of pairs")
        }
        for text in texts + texts.reversed() {
            for guarding in [false, true] {
                Array(text.utf8).withUnsafeBufferPointer { tokenizer.sentencePiece!.normalizer.normalize($0) }
                    .withUnsafeBufferPointer {
                        text in
                        let words = segmenter.segments(text, guarding: guarding)
                        let whole = segmenter.divide(text, guarding: guarding) { _ in false }
                        #expect(words.elementsEqual(whole, by: ==))
                    }
            }
        }
    }

    private static let texts =
        Array(OddTexts(seed: 9).prefix(500)) + [
            "", " ", "   ", "a", " a", "a ", "  a  b  ", String(repeating: "lamp the ", count: 300),
            String(repeating: "lampthe", count: 100) + " " + String(repeating: "中", count: 50),
        ]

    @Test func wordsAreDividedAsTheWholeTextIs() throws {
        let tokenizer = try Golden.tokenizer("bpe")
        #expect(!tokenizer.sentencePiece!.vocabulary.bridges.contains(true))
        try expectEqualDivisions(tokenizer, texts: Self.texts)
    }

    /// Pieces and symbols that reach over a space, and unused pieces, join words.
    @Test(
        arguments: [
            [("a▁", -1, 1), ("a▁b", -2, 1)], [("b▁a", 0, 4)], [("▁▁b▁", 0, 4)],
            [("ab", -1, 5), ("ab▁", -2, 1)],
        ] as [[(String, Float, UInt8)]])
    func piecesOverSpaces(pieces: [(String, Float, UInt8)]) throws {
        var model = ModelBuilder(kind: 2)
        let letters: [(String, Float, UInt8)] = [("<unk>", 0, 2), ("a", -9, 1), ("b", -9, 1), ("▁", -9, 1)]
        model.pieces = letters + pieces
        let tokenizer = try model.tokenizer()
        #expect(tokenizer.sentencePiece!.vocabulary.bridges.contains(true))
        try expectEqualDivisions(tokenizer, texts: ["a b", "ab ab", "b a", "  b ", "a  b", "aab abb a"])
        model.pieces = letters + [("▁▁", -1, 1), ("▁a", -2, 1)]
        #expect(try !model.tokenizer().sentencePiece!.vocabulary.bridges.contains(true))
    }

    @Test func threadsShareTheWords() throws {
        let tokenizer = try Golden.tokenizer("bpe")
        let fresh = try Golden.tokenizer("bpe")
        let expected = Self.texts.map { fresh.encode($0) }
        let results = LockedResults()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            let texts = thread % 2 == 0 ? Self.texts : Self.texts.reversed()
            let ids = texts.map { tokenizer.encode($0) }
            results.add(thread % 2 == 0 ? ids : ids.reversed())
        }
        #expect(results.all.allSatisfy { $0 == expected })
        #expect(results.all.count == 8)
    }
}

private final class LockedResults: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [[[Int32]]] = []
    func add(_ ids: [[Int32]]) { lock.withLock { all.append(ids) } }
}
