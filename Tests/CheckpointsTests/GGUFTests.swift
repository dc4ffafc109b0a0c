import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Tokenization
import Transformer

/// GGUF files that the reference package wrote, and vocabularies as converters write them.
@Suite struct GGUFTests {
    static let names = [
        "llama-linear", "gemma", "gemma2", "gemma3", "phi3-longrope", "qwen2", "qwen3", "qwen3-yarn",
        "mistral-nemo", "llama-llama3", "smollm3", "phi4-mini", "olmo2", "granite-wide", "gpt2", "gpt2-wide",
        "neox", "neox-sequential", "mixtral", "qwen3moe", "olmoe",
    ]
    /// Files whose matrices are not BF16.
    private static let inFloat32: Set = [
        "llama-linear", "mistral-nemo", "llama-llama3", "gpt2", "neox", "mixtral",
    ]

    /// The logits of the Hugging Face directory that each file was made from, for all storages of weights.
    @Test(arguments: names, WeightStorage.allCases)
    func givesTheLogitsOfTransformers(name: String, weights: WeightStorage) throws {
        let checkpoint = try Checkpoint.load(golden("gguf/\(name).gguf"), weights: weights)
        let decoder = checkpoint.decoder
        let isStored = decoder.parameters.contains { $0.tensor.stored != nil }
        #expect(isStored == (weights == .stored && !Self.inFloat32.contains(name)))
        #expect(checkpoint.tokens == SpecialTokens(begin: 1, ends: [2]))
        #expect(checkpoint.tokenizer == nil)
        let expected = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        for index in 0..<2 {
            let ids = try expected.values("ids.\(index)", as: Int32.self)
            let wanted = try expected.floats("logits.\(index)").values.map(Double.init)
            expectClose(logits(decoder, ids), wanted, relative: 2e-5, absolute: 2e-5)
            let cache = try KeyValueCache(for: decoder.configuration, slots: 1, capacity: ids.count)
            let last = decoder.extend([CacheExtension(slot: 0, tokens: ids[...])], in: cache)
            expectClose(
                decoder.samplingLogits(last).values, wanted.suffix(decoder.configuration.vocabularySize),
                relative: 2e-5, absolute: 2e-5)
        }
    }

    /// The factors of frequencies that files hold are recognized as the scaling of Llama 3.1 (8) and 3.2 (32).
    @Test(arguments: [8.0, 32]) func llama3ScalingComesBack(factor: Double) throws {
        var shape = Configuration(
            vocabularySize: 8, width: 8, layers: 1, heads: 1, headDimension: 64, feedForward: 8,
            ropeTheta: 500_000, contextLength: 131_072,
            ropeScaling: .llama3(factor: factor, lowFactor: 1, highFactor: 4, originalContext: 8192))
        func copy(_ shape: Configuration) throws -> Configuration {
            try withTemporaryDirectory { directory in
                let url = directory.appending(path: "model.gguf")
                try Checkpoint.export(
                    decoder: DecoderModel(configuration: shape, seed: 1), tokenizer: nil, template: nil,
                    tokens: SpecialTokens(), to: url, as: .f32)
                return try Checkpoint.configuration(at: url)
            }
        }
        #expect(try copy(shape) == shape)
        // Others stay factors.
        shape.ropeScaling = .llama3(factor: factor, lowFactor: 1, highFactor: 3, originalContext: 8192)
        guard case .longrope? = try copy(shape).ropeScaling else {
            Issue.record("other bounds are taken for Llama 3.1's")
            return
        }
    }

    @Test func theGoldensAreUntouched() throws {
        struct Manifest: Decodable { var sha256: [String: Fingerprint] }
        let data = try Data(contentsOf: golden("gguf/manifest.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        #expect(manifest.sha256.count == 23)
        for (name, fingerprint) in manifest.sha256 {
            #expect(try Fingerprint(fileAt: golden("gguf/\(name)")) == fingerprint, "\(name)")
        }
    }

    /// A vocabulary comes back whole: its pieces, and the ids of every golden text.
    @Test(arguments: ["bpe", "prefixed"])
    func vocabulariesAreRebuilt(name: String) throws {
        let original = try Tokenizer(contentsOf: golden("tokenization/\(name).model"))
        guard original.kind == .bpe else { return }
        var file = GGUFBytes.model(rows: original.vocabularySize)
        file.add(original)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try file.file.write(to: url)
            let checkpoint = try Checkpoint.load(url)
            let tokenizer = try checkpoint.requireTokenizer()
            #expect(try Checkpoint.tokenizer(at: url).serializedModel == tokenizer.serializedModel)
            #expect(tokenizer.vocabularySize == original.vocabularySize)
            for id in 0..<Int32(original.vocabularySize) {
                #expect(tokenizer.piece(id) == original.piece(id))
                #expect(tokenizer.kind(of: id) == original.kind(of: id))
                #expect(tokenizer.score(of: id) == original.score(of: id))
            }
            #expect(tokenizer.beginID == original.beginID && tokenizer.endID == original.endID)
            for text in [
                "Where is the lamp?", "  two  spaces\n\nand lines", "héllo 😀 你好", "<s> <|user|>", "",
            ] {
                #expect(tokenizer.encode(text) == original.encode(text))
            }
        }
    }

    @Test func fingerprintAndSizeAreTheFiles() throws {
        let url = golden("gguf/gemma.gguf")
        #expect(try Checkpoint.fingerprint(at: url) == Fingerprint(fileAt: url))
        #expect(try Checkpoint.weightBytes(at: url) == Data(contentsOf: url).count)
        #expect(try Checkpoint.configuration(at: url).family == .gemma)
        let error = try userError { _ = try Checkpoint.tokenizer(at: url) }
        #expect(error.problem == "holds no vocabulary")
    }
}
