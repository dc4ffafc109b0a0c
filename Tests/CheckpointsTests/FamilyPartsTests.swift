import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

/// What is done with models besides reading, running and writing them: pruning, quantization-aware training, batches.
@Suite struct FamilyPartsTests {
    private static let ids: [Int32] = [1, 5, 2, 9, 4, 3, 8, 17]
    /// A model of each family whose layers compute something else than Llama's.
    private static let names = [
        "olmo2-wide", "granite-wide", "gpt2-wide", "neox", "neox-sequential", "mixtral", "qwen3moe", "olmoe",
    ]

    private func decoder(_ name: String) throws -> DecoderModel {
        try Checkpoint.load(golden("families/\(name)"), weights: .f32).decoder
    }

    /// Weights that stay as the file has them, transposed or in another order too, are the same weights.
    @Test(arguments: names) func weightsKeptAsStoredAreTheSame(name: String) throws {
        let stored = try Checkpoint.load(golden("families/\(name)"), weights: .stored).decoder
        #expect(stored.parameters.contains { $0.tensor.stored != nil })
        let wanted = logits(try decoder(name), Self.ids).map(Double.init)
        expectClose(logits(stored, Self.ids), wanted, relative: 1e-5, absolute: 1e-5)
    }

    /// A sequence is continued by the same bits whichever others share its batch, with experts too.
    @Test(arguments: names) func aBatchChangesNoBits(name: String) throws {
        let decoder = try decoder(name)
        let sequences: [[Int32]] = [Self.ids, [3, 3, 7], [20, 1, 1, 2, 6]]
        func hidden(_ sequences: [[Int32]]) throws -> [Float] {
            let cache = try KeyValueCache(
                for: decoder.configuration, slots: sequences.count, capacity: 16)
            let parts = sequences.enumerated().map { CacheExtension(slot: $0, tokens: $1[...]) }
            return decoder.samplingLogits(decoder.extend(parts, in: cache)).values
        }
        let together = try hidden(sequences)
        #expect(try sequences.flatMap { try hidden([$0]) } == together)
    }

    /// Neurons that are removed are neurons that give nothing.
    @Test(arguments: ["gpt2-wide", "neox", "granite-wide"])
    func prunedNeuronsAreThoseThatGiveNothing(name: String) throws {
        let whole = try decoder(name)
        let shape = whole.configuration
        let kept = (0..<shape.layers).map { layer in
            (0..<shape.feedForward).filter { ($0 + layer) % 3 != 0 }.prefix(6).sorted()
        }
        let pruned = try whole.pruned(to: DecoderSelection(neurons: kept))
        for layer in 0..<shape.layers {
            let down = whole.down(layer)
            down.withUnsafeMutableFloats { floats in
                for index in floats.indices where !kept[layer].contains(index % shape.feedForward) {
                    floats[index] = 0
                }
            }
        }
        #expect(pruned.configuration.feedForward == 6)
        expectClose(
            logits(pruned, Self.ids), logits(whole, Self.ids).map(Double.init), relative: 1e-5, absolute: 1e-5
        )
    }

    /// A pruned model of each shape is a model of its family, which both formats hold.
    @Test(arguments: ["gpt2-wide", "neox", "olmo2", "granite"])
    func prunedModelsAreWritten(name: String) throws {
        let whole = try decoder(name)
        let shape = whole.configuration
        let half = shape.heads / 2
        let width =
            shape.family.hasFreeHeads && name != "olmo2" ? shape.width - 2 : half * shape.headDimension
        let groups = shape.heads == shape.keyValueHeads ? [Array(0..<half)] : [Array(0..<shape.keyValueHeads)]
        let pruned = try whole.pruned(
            to: DecoderSelection(
                layers: [0],
                heads: Array(repeating: Array(0..<half), count: shape.layers),
                keyValueHeads: Array(repeating: groups[0], count: shape.layers),
                channels: Array(0..<width)))
        try withTemporaryDirectory { directory in
            let (folder, file) = (directory.appending(path: "copy"), directory.appending(path: "copy.gguf"))
            try Checkpoint.save(decoder: pruned, to: folder)
            try Checkpoint.export(
                decoder: pruned, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: file, as: .f32)
            let wanted = logits(pruned, Self.ids).map(Double.init)
            for url in [folder, file] {
                expectClose(
                    logits(try Checkpoint.load(url).decoder, Self.ids), wanted, relative: 1e-5, absolute: 1e-5
                )
            }
        }
    }

    private func faults(_ name: String, heads: Int? = nil, width: Int? = nil, neurons: Int? = nil) throws
        -> [String]
    {
        DecoderSelection.faults(
            of: try Checkpoint.configuration(at: golden("families/\(name)")), layers: nil,
            feedForward: neurons, heads: heads, width: width
        ).map(\.problem)
    }

    @Test func whatAFamilyDoesNotAllowIsSaidBeforehand() throws {
        #expect(try faults("gpt2-wide", heads: 2, width: 12) == [])
        #expect(
            try faults("gpt2-wide", heads: 2) == [
                "2 heads of 6 do not add up to a width of 24, as in all gpt2 models"
            ])
        #expect(
            try faults("neox", width: 8) == [
                "2 heads of 8 do not add up to a width of 8, as in all gpt_neox models"
            ])
        #expect(
            try faults("mixtral", width: 4, neurons: 5) == [
                "feed_forward of a mixture of experts cannot be pruned",
                "width of a mixture of experts cannot be pruned",
            ])
    }

    /// Layers of a mixture of experts are an early exit, and its vocabulary may be trimmed; it is not trained.
    @Test func expertsAreFrozen() throws {
        let whole = try decoder("mixtral")
        let pruned = try whole.pruned(to: DecoderSelection(layers: [1], vocabulary: [3, 1, 2]))
        #expect(pruned.configuration.experts == whole.configuration.experts)
        let values = logits(pruned, [0, 2, 1])
        #expect(values.allSatisfy { $0.isFinite })
        let error = try userError { try whole.configuration.requireTraining() }
        #expect(error.problem.contains("a mixture of experts is a frozen teacher"))
        #expect(error.hint?.contains("train a student without experts") == true)
        #expect(try decoder("gpt2").configuration.trainingProblem == nil)
    }

    /// The two matrices that files keep in Float32 are not rounded in training either.
    @Test func positionsAndRoutersAreNotQuantized() throws {
        for (family, experts, weight) in [
            (Family.gpt2, nil, "positions.weight"),
            (.mixtral, Experts(count: 2, perToken: 1), "blocks.0.feedForward.router.weight"),
        ] {
            // Rows of a block of 32.
            let decoder = try DecoderModel(
                configuration: Configuration(
                    family: family, vocabularySize: 8, width: 32, layers: 1, heads: 2, feedForward: 32,
                    contextLength: 8, experts: experts), seed: 5)
            let rounded = decoder.fakeQuantized(to: .q80)
            #expect(rounded.parameter(weight).values == decoder.parameter(weight).values)
            let table = "embedding.weight"
            #expect(rounded.parameter(table).values != decoder.parameter(table).values)
        }
    }

    /// Vectors that are read in place of tokens have places too.
    @Test func positionsAreAddedToGivenEmbeddings() throws {
        let decoder = try decoder("gpt2")
        let batch = TokenBatch(ids: Self.ids, segments: [0, 3, 8])
        let given = TokenBatch(ids: Self.ids, segments: [0, 3, 8], embeddings: decoder.embedded(Self.ids))
        #expect(decoder.hiddenStates(given).values == decoder.hiddenStates(batch).values)
    }
}
