import Foundation
import Testing
import Tokenization

@Suite struct EncodingTests {
    @Test(arguments: Golden.exactNames)
    func roundTrips(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for text in OddTexts(seed: 1).prefix(500) {
            #expect(sameBytes(try tokenizer.decode(tokenizer.encode(text)), text))
            #expect(sameBytes(try tokenizer.decode(tokenizer.encodeContent(text)), text))
        }
    }

    @Test(arguments: Golden.names)
    func textNeverBecomesAControlPiece(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for text in OddTexts(seed: 2).prefix(500) {
            #expect(!tokenizer.encode(text).contains { tokenizer.kind(of: $0) == .control })
        }
        #expect(!tokenizer.encode("<s>").contains(tokenizer.beginID!))
    }

    @Test("Outside text cannot spell a marker", arguments: Golden.names)
    func contentHasNoMarkers(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        var found = 0
        for text in OddTexts(seed: 3).prefix(500) {
            let plain = tokenizer.encode(text)
            let content = tokenizer.encodeContent(text)
            #expect(!content.contains { tokenizer.kind(of: $0) == .userDefined })
            if plain.contains(where: { tokenizer.kind(of: $0) == .userDefined }) {
                found += 1
            } else {
                #expect(content == plain)
            }
        }
        #expect(found > 100)
    }

    @Test("A sign that the model rewrites to a marker is text too")
    func rewrittenMarker() throws {
        let tokenizer = try Golden.tokenizer("rewriting")
        let end = try #require(tokenizer.id(of: "<|end|>"))
        #expect(tokenizer.encode("a☠").contains(end))
        #expect(!tokenizer.encodeContent("a☠").contains(end))
    }

    @Test(arguments: Golden.exactNames)
    func textAfterAMarkerEncodesAsAlone(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let marker = try #require(tokenizer.id(of: "<|user|>"))
        for text in OddTexts(seed: 4).prefix(300) {
            let whole = tokenizer.encode("Ada<|user|>" + text)
            #expect(whole == tokenizer.encode("Ada") + [marker] + tokenizer.encode(text))
        }
    }

    @Test func continuingTextHasNoSpaceBeforeIt() throws {
        let tokenizer = try Golden.tokenizer("prefixed")
        let space = try #require(tokenizer.id(of: "▁"))
        #expect(tokenizer.encode("(").first == space)
        #expect(tokenizer.encodeContent("(").first == space)
        #expect(tokenizer.encodeContent("(", continuing: true).first != space)
        for text in OddTexts(seed: 5).prefix(200) where !text.contains("<|") {
            let whole = tokenizer.encode("<|user|>" + text)
            let content = tokenizer.encodeContent(text, continuing: true)
            #expect(whole == [space, tokenizer.id(of: "<|user|>")!] + content)
        }
    }

    @Test func beginAndEnd() throws {
        let tokenizer = try Golden.tokenizer("unigram")
        let ids = tokenizer.encode("Ada")
        #expect(tokenizer.encode("Ada", addBegin: true) == [tokenizer.beginID!] + ids)
        #expect(tokenizer.encode("Ada", addEnd: true) == ids + [tokenizer.endID!])
        #expect(tokenizer.encode("", addBegin: true, addEnd: true) == [tokenizer.beginID!, tokenizer.endID!])
    }

    @Test("Bytes that are not UTF-8 are read as U+FFFD", arguments: Golden.exactNames)
    func malformedBytes(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let bytes: [UInt8] = [0x41, 0xff, 0xe2, 0x96, 0x20, 0xc3]
        let ids = bytes.withUnsafeBufferPointer { tokenizer.encode(utf8: $0) }
        #expect(ids == tokenizer.encode("A\u{fffd}\u{fffd}\u{fffd} \u{fffd}"))
    }

    @Test(arguments: Golden.exactNames)
    func samplingIsReproducibleAndKeepsTheText(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let alpha: Float = name == "bpe" ? 0.3 : 0.2
        let text = "Where is the kettle? It's in the harbour, said Élise. 😀"
        func sample(_ seed: UInt64) -> [Int32] {
            var generator = SeededGenerator(seed: seed)
            return tokenizer.encode(text, samplingAlpha: alpha, using: &generator)
        }
        var seen: Set<[Int32]> = []
        for seed in UInt64(1)...40 {
            let ids = sample(seed)
            #expect(ids == sample(seed))
            #expect(sameBytes(try tokenizer.decode(ids), text))
            seen.insert(ids)
        }
        #expect(seen.count > 20)
    }

    @Test func samplingAtTheLimits() throws {
        var generator = SeededGenerator(seed: 1)
        let text = "Where is the kettle?"
        // A large exponent leaves only the best segmentation; dropout 0 leaves out nothing, 1 every merge.
        let unigram = try Golden.tokenizer("unigram")
        let best = unigram.encode(text, samplingAlpha: 1000, using: &generator)
        #expect(best == unigram.encode(text))
        let pairs = try Golden.tokenizer("bpe")
        #expect(pairs.encode(text, samplingAlpha: 0, using: &generator) == pairs.encode(text))
        #expect(pairs.encode(text, samplingAlpha: 1, using: &generator).count == text.count)
    }

    @Test("Unigram samples have the frequencies of the model")
    func samplingFrequencies() throws {
        let tokenizer = try Golden.tokenizer("unigram")
        // Two characters: either both apart or, if it is a piece, together.
        let pair = try #require(
            tokenizer.ids(of: .normal).map(tokenizer.piece).first {
                $0.unicodeScalars.count == 2
                    && $0.unicodeScalars.allSatisfy { tokenizer.id(of: String($0)) != nil }
            })
        func score(_ piece: String) -> Double { Double(tokenizer.score(of: tokenizer.id(of: piece)!)) }
        let text = pair.split(separator: "▁", omittingEmptySubsequences: false).joined(separator: " ")
        let together = score(pair)
        let apart = pair.unicodeScalars.map { score(String($0)) }.reduce(0, +)
        let alpha = 0.5
        let expected = 1 / (1 + exp(alpha * (apart - together)))
        var generator = SeededGenerator(seed: 3)
        let draws = 4000
        let whole = (0..<draws).count { _ in
            tokenizer.encode(text, samplingAlpha: Float(alpha), using: &generator).count == 1
        }
        // Four standard deviations of a binomial.
        let deviation = (expected * (1 - expected) / Double(draws)).squareRoot()
        #expect(abs(Double(whole) / Double(draws) - expected) < 4 * deviation)
    }

    @Test func manyThreadsAtOnce() async throws {
        let tokenizer = try Golden.tokenizer("unigram")
        let texts = Array(OddTexts(seed: 6).prefix(200))
        let expected = texts.map { tokenizer.encode($0) }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0) } == expected } }
            for await isEqual in group { #expect(isEqual) }
        }
    }

    @Test("Unused pieces are taken apart as they were put together")
    func unusedPieces() throws {
        // "ab" and "abc" are unused: "abc" must come out as "a", "b", "c".
        let tokenizer = try ModelBuilder(
            kind: 2,
            pieces: [
                ("<unk>", 0, 2), ("a", -1, 1), ("b", -2, 1), ("c", -3, 1), ("ab", -4, 5), ("abc", -5, 5),
                ("bc", -6, 1),
            ]
        ).tokenizer()
        #expect(tokenizer.encode("abc").map(tokenizer.piece) == ["a", "b", "c"])
        #expect(tokenizer.encode("bca").map(tokenizer.piece) == ["bc", "a"])
    }
}
