import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

/// Every family and rotary scaling against transformers, both ways.
@Suite struct FamilyTests {
    static let names = [
        "llama-linear", "llama-llama3", "mistral", "gemma", "gemma2", "gemma3", "phi3", "phi3-longrope",
        // Faults found, lines 10 and 20.
        "phi3-partial", "phi3-partial-longrope", "llama-bias", "gemma3-bias",
        "qwen2", "qwen2-window", "qwen3", "qwen3-bias", "qwen3-yarn", "llama-yarn", "mistral-nemo",
        "smollm3", "smollm3-listed",
        "phi4", "phi4-mini", "olmo2", "olmo2-wide", "granite", "granite-wide",
        "gpt2", "gpt2-wide", "neox", "neox-sequential",
    ]

    /// Mixtures of experts, which are frozen.
    static let expertNames = [
        "mixtral", "mixtral-wide", "qwen3moe", "qwen3moe-unnormalized", "olmoe", "olmoe-normalized",
    ]
    static let all = names + expertNames

    /// Models that llama.cpp cannot compute, and why.
    static let notInGGUF = [
        "gemma3-bias": "no attention biases in gemma3 models",
        "qwen2-window": "no sliding window in qwen2 models",
        "qwen3-bias": "no attention biases in qwen3 models",
        "smollm3-listed": "no rotary embedding in every 4th layer and no other in smollm3 models",
        "olmo2-wide": "no attention biases in olmo2 models",
        "mixtral-wide": "no sliding window in mixtral models",
        "qwen3moe-unnormalized": "only normalized weights of experts in qwen3_moe models",
        "olmoe-normalized": "no normalized weights of experts in olmoe models",
        "phi3-partial": "no heads whose widths do not add up to the model's in phi3 models",
        "llama-yarn": "YaRN scaling only where beta_fast is 32, but it is 3.0",
    ]

    private func sequences(_ name: String) throws -> [(ids: [Int32], logits: [Double])] {
        let file = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        return try (0..<2).map { index in
            (
                try file.values("ids.\(index)", as: Int32.self),
                try file.floats("logits.\(index)").values.map(Double.init)
            )
        }
    }

    /// Float32 arithmetic against transformers' in Float64, on logits of order 1 to 10; past every sliding window. The worst are 1.9e-5
    /// with OpenBLAS's kernels for AVX2 and 2.5e-5 with those for AVX-512, which add in another order.
    private let tolerance = 5e-5

    @Test(arguments: all)
    func givesTheLogitsOfTransformers(name: String) throws {
        let decoder = try Checkpoint.load(golden("families/\(name)")).decoder
        for (ids, wanted) in try sequences(name) {
            expectClose(logits(decoder, ids), wanted, relative: tolerance, absolute: tolerance)
        }
    }

    @Test(arguments: all)
    func cachedDecodingGivesThemToo(name: String) throws {
        let decoder = try Checkpoint.load(golden("families/\(name)")).decoder
        for (ids, wanted) in try sequences(name) {
            let cache = try KeyValueCache(for: decoder.configuration, slots: 2, capacity: ids.count)
            // A prompt of five tokens, then one at a time.
            var found: [Float] = []
            for end in 5...ids.count {
                let part = CacheExtension(slot: 1, tokens: ids[(end == 5 ? 0 : end - 1)..<end])
                found += decoder.samplingLogits(decoder.extend([part], in: cache)).values
            }
            let vocabulary = decoder.configuration.vocabularySize
            expectClose(found, Array(wanted[(4 * vocabulary)...]), relative: tolerance, absolute: tolerance)
        }
    }

    /// What we save and load is the same model, and `config.json` says the same.
    @Test(arguments: all)
    func isSavedAsItWasRead(name: String) throws {
        let original = try Checkpoint.load(golden("families/\(name)"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "copy")
            try Checkpoint.save(decoder: original.decoder, tokens: original.tokens, to: url)
            let copy = try Checkpoint.load(url)
            #expect(copy.decoder.configuration == original.decoder.configuration)
            #expect(copy.tokens == original.tokens)
            for (ids, wanted) in try sequences(name) {
                expectClose(logits(copy.decoder, ids), wanted, relative: tolerance, absolute: tolerance)
            }
        }
    }

    /// A model with the gradients of the cross-entropy of its first sequence.
    private func withGradients(_ name: String) throws -> DecoderModel {
        let decoder = try Checkpoint.load(golden("families/\(name)"), weights: .f32).decoder
        let ids = try sequences(name)[0].ids
        decoder.requireGradients()
        let (loss, tape) = Tape.record {
            let hidden = decoder.hiddenStates(TokenBatch(sequences: [Array(ids.dropLast())]))
            return plainCrossEntropy(decoder.logits(hidden), targets: Array(ids.dropFirst()))
        }
        tape.backward(from: loss)
        return decoder
    }

    /// Gradients of biases and of norms of heads against PyTorch's, in Float64 there.
    @Test(arguments: ["qwen2", "qwen3-yarn"])
    func gradientsOfVectorsAreThoseOfTransformers(name: String) throws {
        let decoder = try withGradients(name)
        let file = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        let parts = [
            "attention.queryKeyValue.bias": ["q_proj.bias", "k_proj.bias", "v_proj.bias"],
            "attention.queryNorm.weight": ["q_norm.weight"], "attention.keyNorm.weight": ["k_norm.weight"],
        ]
        var compared = 0
        for (parameter, tensor) in decoder.parameters {
            let fields = parameter.split(separator: ".", maxSplits: 2)
            guard fields.count == 3, let names = parts[String(fields[2])] else { continue }
            let wanted = try names.flatMap {
                try file.floats("gradient.model.layers.\(fields[1]).self_attn.\($0)").values
            }
            let found = try #require(tensor.gradient).values
            expectClose(found, wanted.map(Double.init), relative: tolerance, absolute: tolerance)
            compared += 1
        }
        #expect(compared == (name == "qwen2" ? 2 : 4))
    }

    /// Of families whose layers compute something else than Llama's, the gradients at all weights: each of the file's tensors is
    /// loaded from PyTorch's gradient as the weight itself is, in the file's order and transposed where that is.
    @Test(arguments: ["olmo2-wide", "granite-wide", "gpt2-wide", "neox", "neox-sequential"])
    func gradientsAreThoseOfTransformers(name: String) throws {
        let directory = golden("families/\(name)")
        let decoder = try withGradients(name)
        let wanted = try gradients(name, like: directory)
        #expect(wanted.parameters.count == decoder.parameters.count)
        for (ours, theirs) in zip(decoder.parameters, wanted.parameters) {
            let found = try #require(ours.tensor.gradient).values
            let exact = theirs.tensor.values.map(Double.init)
            let largest = exact.reduce(0) { max($0, abs($1)) }
            #expect(largest > 0, "\(ours.name)")
            expectClose(
                found, exact, relative: tolerance, absolute: tolerance * max(largest, 1), ours.name)
        }
    }

    /// PyTorch's gradients in the place of a model's weights.
    private func gradients(_ name: String, like directory: URL) throws -> DecoderModel {
        let file = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        let prefix = "gradient."
        let entries = try file.names.filter { $0.hasPrefix(prefix) }.map { name in
            let tensor = try file.floats(name)
            return SafetensorsEntry(
                name: String(name.dropFirst(prefix.count)), shape: tensor.shape, values: tensor.values)
        }
        return try withTemporaryDirectory { copy in
            try FileManager.default.copyItem(
                at: directory.appending(path: "config.json"), to: copy.appending(path: "config.json"))
            try SafetensorsWriter.write(entries, to: copy.appending(path: "model.safetensors"))
            return try Checkpoint.load(copy, weights: .f32).decoder
        }
    }

    @Test func theGoldensAreUntouched() throws {
        struct Manifest: Decodable { var sha256: [String: Fingerprint] }
        let data = try Data(contentsOf: golden("families/manifest.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        for (name, fingerprint) in manifest.sha256 {
            #expect(try Fingerprint(fileAt: golden("families/\(name)")) == fingerprint, "\(name)")
        }
        #expect(Set(Self.all).isSubset(of: manifest.sha256.keys.map { String($0.prefix { $0 != "/" }) }))
    }

    /// Choices that a family does not have would be lost on saving.
    @Test func aFamilyHasItsOwnChoicesOnly() throws {
        func problems(_ change: (inout Configuration) -> Void) -> [String] {
            var shape = Configuration(vocabularySize: 8, width: 8, layers: 2, heads: 2, feedForward: 8)
            change(&shape)
            return shape.problems
        }
        #expect(problems { _ in } == [])
        #expect(problems { $0.rotaryDimension = 2 } == ["llama models have no partial rotary embedding"])
        #expect(
            problems {
                ($0.family, $0.attentionBias) = (.phi3, true)
                $0.rotaryDimension = 6
            } == ["6 turned components of a head with 4", "phi3 models have no attention biases"])
        #expect(problems { $0.logitSoftCap = 3 } == ["llama models have no soft caps"])
        #expect(
            problems { $0.slidingWindow = SlidingWindow(size: 3, layers: [0, 1]) } == [
                "llama models have no sliding window"
            ])
        #expect(
            problems {
                $0.family = .mistral
                $0.slidingWindow = SlidingWindow(size: 3, layers: [0])
            } == ["mistral models have no layers without the window"])
        #expect(
            problems {
                $0.family = .gemma3
                $0.slidingWindow = SlidingWindow(size: 0, layers: [2], ropeTheta: -1)
            } == [
                "a sliding window of 0 positions", "a sliding window in layer 2 of 2",
                "rotary base of windowed layers -1.0 is not positive",
            ])
    }
}
