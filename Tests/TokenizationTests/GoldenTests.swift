import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@Suite("Agreement with the sentencepiece library")
struct GoldenTests {
    @Test(arguments: Golden.names)
    func encoding(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let golden = try Golden.load(name)
        #expect(golden.encoded.count > 200)
        for example in golden.encoded {
            #expect(tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test(arguments: Golden.names)
    func decoding(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let golden = try Golden.load(name)
        for example in golden.decoded {
            let text = try tokenizer.decode(example.ids)
            #expect(sameBytes(text, example.text), "\(example.ids): \(text.debugDescription)")
        }
    }

    @Test(arguments: Golden.names)
    func pieces(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let golden = try Golden.load(name)
        #expect(tokenizer.vocabularySize == golden.pieces.count)
        for (index, expected) in golden.pieces.enumerated() {
            let id = Int32(index)
            #expect(sameBytes(tokenizer.piece(id), expected.piece))
            #expect(tokenizer.score(of: id) == expected.score)
            #expect(tokenizer.kind(of: id) == expected.kind, "piece \(expected.piece)")
            #expect(tokenizer.id(of: expected.piece) == id)
        }
        #expect(tokenizer.id(of: "no such piece") == nil)
        #expect(tokenizer.id(of: "") == nil)
    }

    @Test(arguments: Golden.names)
    func specialIDs(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let special = try Golden.load(name).special
        #expect(tokenizer.unknownID == special["unknown"])
        #expect(tokenizer.beginID ?? -1 == special["begin"])
        #expect(tokenizer.endID ?? -1 == special["end"])
        #expect(tokenizer.paddingID ?? -1 == special["padding"])
    }

    @Test func properties() throws {
        let unigram = try Golden.tokenizer("unigram")
        #expect(unigram.kind == .unigram && unigram.hasByteFallback && !unigram.addsDummyPrefix)
        #expect(!unigram.removesExtraWhitespace && unigram.normalization == "identity")
        let rewriting = try Golden.tokenizer("rewriting")
        #expect(rewriting.addsDummyPrefix && rewriting.removesExtraWhitespace && !rewriting.hasByteFallback)
        #expect(try Golden.tokenizer("bpe").kind == .bpe)
    }

    @Test func bytesOfPieces() throws {
        let tokenizer = try Golden.tokenizer("unigram")
        #expect(tokenizer.bytes(of: tokenizer.id(of: "<0xE2>")!) == [0xe2])
        #expect(tokenizer.bytes(of: tokenizer.id(of: "▁")!) == [0x20])
        #expect(tokenizer.bytes(of: tokenizer.beginID!) == [])
        #expect(tokenizer.bytes(of: tokenizer.id(of: "<|end|>")!) == Array("<|end|>".utf8))
    }

    @Test("The golden files are those of the manifest")
    func manifest() throws {
        struct Manifest: Decodable { let sha256: [String: String] }
        let data = try Data(contentsOf: golden("tokenization/manifest.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        #expect(manifest.sha256.count >= 13)
        for (name, hash) in manifest.sha256 {
            let file = try Data(contentsOf: golden("tokenization/\(name)"))
            #expect(Fingerprint(of: file).hexadecimal == hash, "\(name)")
        }
    }
}
