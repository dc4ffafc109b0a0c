import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenization

@Suite("Agreement with the tokenizers library")
struct BytePairGoldenTests {
    @Test(arguments: BytePairGolden.names)
    func encoding(_ name: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        let (texts, golden) = (try BytePairGolden.texts(), try BytePairGolden.load(name))
        #expect(texts.count == golden.encoded.count && texts.count > 110)
        for (text, ids) in zip(texts, golden.encoded) {
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
            // Again, from the cache.
            #expect(tokenizer.encodeContent(text) == ids, "\(text.debugDescription)")
        }
    }

    @Test(arguments: BytePairGolden.names)
    func decoding(_ name: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        for example in try BytePairGolden.load(name).decoded {
            let text = try tokenizer.decode(example.ids)
            #expect(sameBytes(text, example.text), "\(example.ids): \(text.debugDescription)")
            var decoder = StreamingDecoder(tokenizer)
            let parts = example.ids.map { decoder.append($0) } + [decoder.finish()]
            #expect(sameBytes(parts.joined(), example.text), "\(example.ids)")
        }
    }

    @Test(arguments: BytePairGolden.exactNames)
    func decodingIsTheInverse(_ name: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        for text in try BytePairGolden.texts() + OddTexts(seed: 41).prefix(500) {
            #expect(sameBytes(try tokenizer.decode(tokenizer.encode(text)), text), "\(text.debugDescription)")
        }
    }

    @Test func textNeverBecomesASpecialToken() throws {
        for name in BytePairGolden.names {
            let tokenizer = try BytePairGolden.tokenizer(name)
            let special = Set(tokenizer.ids(of: .control))
            #expect(special.count >= 3)
            for text in ["<|begin|>", "a<|user|>b <|end|>"] {
                #expect(special.isDisjoint(with: tokenizer.encodeContent(text)))
            }
        }
    }

    @Test func rolesComeFromTheTemplateAndTheConfiguration() throws {
        let llama3 = try BytePairGolden.tokenizer("llama3")
        #expect(llama3.beginID == llama3.id(of: "<|begin|>") && llama3.endID == nil)
        #expect(llama3.encode("a", addBegin: true).first == llama3.beginID)
        var configuration = TokenizerConfiguration()
        (configuration.beginToken, configuration.endToken) = ("<|begin|>", "<|end|>")
        let gpt2 = try Tokenizer(
            tokenizerJSON: BytePairGolden.data("gpt2"), configuration: configuration, name: "gpt2")
        // Its texts begin with nothing, though templates know a bos_token.
        #expect(gpt2.beginID == nil && gpt2.beginTokenID == gpt2.id(of: "<|begin|>"))
        #expect(gpt2.endID == gpt2.id(of: "<|end|>") && gpt2.fileName == "tokenizer.json")
        configuration.endToken = "<|none|>"
        let error = #expect(throws: UserError.self) {
            try Tokenizer(tokenizerJSON: BytePairGolden.data("gpt2"), configuration: configuration, name: "x")
        }
        #expect(error?.description.contains("<|none|>") == true)
    }

    /// Text in parts has the ids of the whole, where no piece reaches over a space.
    @Test(arguments: BytePairGolden.names.filter { $0 != "unibytes" })
    func parts(_ name: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        let texts = try BytePairGolden.texts() + OddTexts(seed: 42).prefix(100)
        let text = texts.enumerated().map { "\($1) lamp\($0) the hall and Ada " }.joined()
        let whole = tokenizer.encodeContent(text)
        for (chunk, part) in [(7, 64), (500, 100), (10_000, 3000)] {
            var (encoder, ids) = (TextEncoder(tokenizer, partBytes: part), [Int32]())
            var rest = Substring(text)
            while !rest.isEmpty {
                encoder.append(rest.prefix(chunk).utf8, to: &ids)
                rest = rest.dropFirst(chunk)
            }
            encoder.finish(to: &ids)
            let difference = zip(ids, whole).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(difference == nil && ids.count == whole.count, "\(chunk), \(part)")
        }
    }

    @Test func threadsShareTheWords() throws {
        let tokenizer = try BytePairGolden.tokenizer("qwen")
        let (texts, golden) = (try BytePairGolden.texts(), try BytePairGolden.load("qwen"))
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            let order = thread % 2 == 0 ? Array(texts.indices) : texts.indices.reversed()
            #expect(order.allSatisfy { tokenizer.encode(texts[$0]) == golden.encoded[$0] })
        }
    }

    /// GGUF files hold the parts; what is written from them has the same ids.
    @Test(arguments: [("gpt2", "gpt-2"), ("llama3", "llama-bpe"), ("qwen", "qwen2"), ("smollm", "smollm")])
    func parts(_ name: String, preTokenizer: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        let model = try #require(tokenizer.bytePairModel)
        #expect(model.preTokenizer.name == preTokenizer)
        let again = try Tokenizer(model, name: "parts")
        #expect(again.hasSameIDs(as: tokenizer) && again.beginID == tokenizer.beginID)
        for text in try BytePairGolden.texts() { #expect(again.encode(text) == tokenizer.encode(text)) }
    }

    /// Names of GGUF's `tokenizer.ggml.pre`, each with merges that reach over words, blanks, signs and digits.
    @Test func namedPatterns() throws {
        let golden = try JSONDecoder().decode(
            [String: [[Int32]]].self, from: Data(contentsOf: golden("tokenizers/patterns.json")))
        let texts = try BytePairGolden.texts()
        var model = try #require(try BytePairGolden.tokenizer("spanning").bytePairModel)
        model.ignoresMerges = nil
        #expect(golden.count == 14)
        for (name, ids) in golden {
            model.preTokenizer = try #require(NamedPreTokenizer(name))
            let tokenizer = try Tokenizer(model, name: name)
            // What is written is read again under a name of the same patterns.
            let written = try #require(tokenizer.bytePairModel?.preTokenizer)
            let again = try Tokenizer(
                BytePairModel(
                    pieces: model.pieces, kinds: model.kinds, merges: model.merges, preTokenizer: written),
                name: name)
            for (text, ids) in zip(texts, ids) {
                #expect(tokenizer.encode(text) == ids, "\(name): \(text.debugDescription)")
                #expect(again.encode(text) == ids, "\(name) as \(written.name)")
            }
        }
    }

    @Test func otherVocabulariesHaveNoParts() throws {
        for name in ["gemma", "llama2", "metaspace"] + BytePairGolden.unigramNames {
            #expect(try BytePairGolden.tokenizer(name).bytePairModel == nil)
        }
        #expect(try Golden.tokenizer("bpe").bytePairModel == nil)
        #expect(NamedPreTokenizer("no-such") == nil)
    }

    @Test func unigramModels() throws {
        for name in BytePairGolden.unigramNames {
            let tokenizer = try BytePairGolden.tokenizer(name)
            #expect(tokenizer.kind == .unigram && !tokenizer.isSentencePiece)
            #expect(tokenizer.unknownID == 0 && tokenizer.hasByteFallback == (name == "unibytes"))
            let last = try #require(tokenizer.ids(of: .normal).last)
            #expect(tokenizer.score(of: last) < 0 && tokenizer.addsDummyPrefix == (name != "unibytes"))
            // Unlike in the library.
            #expect(
                !tokenizer.encode("<s> </s> <unk>").contains { $0 < 3 && tokenizer.kind(of: $0) == .control })
            #expect(try tokenizer.hasSameIDs(as: BytePairGolden.tokenizer(name)))
        }
        let albert = try BytePairGolden.tokenizer("albert")
        #expect(albert.beginID == 1 && albert.endID == 2)
        #expect(try BytePairGolden.tokenizer("t5").beginID == nil)
        #expect(albert.encode("ÉLISE ``lamp") == albert.encode("elise \"lamp"))
    }

    /// Samples of a unigram model decode to the text, and are not all the same.
    @Test func samplesOfUnigramModels() throws {
        let tokenizer = try BytePairGolden.tokenizer("unibytes")
        var (generator, seen) = (SeededGenerator(seed: 43), Set<[Int32]>())
        for _ in 0..<20 {
            let ids = tokenizer.encode("Ada takes the lamp 😀", samplingAlpha: 0.2, using: &generator)
            seen.insert(ids)
            #expect(try tokenizer.decode(ids) == "Ada takes the lamp 😀")
        }
        #expect(seen.count > 3)
    }

    /// What is a mark follows Unicode 9, as in `tokenizers`, whose StripAccents takes away 2,097 characters.
    @Test func accents() {
        let marks = (0..<UInt32(0x110000)).count { value in
            Unicode.Scalar(value).map { TextNormalizer.withoutAccents(Array(String($0).utf8)).isEmpty }
                ?? false
        }
        #expect(marks == 2097)
        #expect(
            TextNormalizer.withoutControls(Array("a\u{7F}\tb\u{FEFF}c\u{0}".utf8)) == Array("a b c\u{0}".utf8)
        )
    }

    @Test("The golden files are those of the manifest")
    func manifest() throws {
        struct Manifest: Decodable { let sha256: [String: String] }
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: golden("tokenizers/manifest.json")))
        #expect(manifest.sha256.count >= 20)
        for (name, hash) in manifest.sha256 {
            let file = try Data(contentsOf: golden("tokenizers/\(name)"))
            #expect(Fingerprint(of: file).hexadecimal == hash, "\(name)")
        }
    }
}
