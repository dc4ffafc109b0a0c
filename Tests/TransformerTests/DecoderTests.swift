import Support
import TestSupport
import Tensors
import Testing
import Transformer

@Suite struct DecoderTests {
    private let configuration = Configuration(
        vocabularySize: 200, width: 64, layers: 3, heads: 4, keyValueHeads: 2, feedForward: 96,
        tiedHead: false)

    @Test func parametersAreNamedAndCounted() throws {
        let decoder = try DecoderModel(configuration: configuration, seed: 1)
        let names = decoder.parameters.map(\.name)
        #expect(names.first == "embedding.weight" && names.last == "head.weight")
        #expect(Set(names).count == names.count && names.count == 1 + 3 * 6 + 2)
        #expect(
            decoder.parameters.reduce(0) { $0 + $1.tensor.count } == configuration.parameterCount)
        for ((_, tensor), (_, shape)) in zip(
            decoder.parameters, DecoderModel.parameterShapes(of: configuration))
        {
            #expect(tensor.shape == shape)
        }
        // 2 · 200 · 64 + 3 · (2 · 64 + 128 · 64 + 64 · 64 + 3 · 96 · 64) + 64, by hand.
        #expect(configuration.parameterCount == 118_208)
    }

    @Test func tiedHeadsShareTheTable() throws {
        var tied = configuration
        tied.tiedHead = true
        let decoder = try DecoderModel(configuration: tied, seed: 1)
        #expect(decoder.head.weight === decoder.embeddingTable)
        #expect(!decoder.parameters.contains { $0.name == "head.weight" })
        #expect(configuration.parameterCount - tied.parameterCount == 200 * 64)
    }

    @Test func aSeedGivesTheSameWeights() throws {
        let (a, b, c) = (
            try DecoderModel(configuration: configuration, seed: 1),
            try DecoderModel(configuration: configuration, seed: 1),
            try DecoderModel(configuration: configuration, seed: 2)
        )
        for ((name, x), (y, z)) in zip(a.parameters, zip(b.parameters, c.parameters)) {
            expectSameBits(x.values, y.tensor.values, name)
            if x.shape.count > 1 { #expect(x.values != z.tensor.values, "\(name)") }
        }
    }

    @Test func initialWeightsHaveTheirDeviation() throws {
        for (name, tensor) in try DecoderModel(configuration: configuration, seed: 1).parameters {
            guard tensor.shape.count > 1 else {
                #expect(tensor.values.allSatisfy { $0 == 1 })
                continue
            }
            let intoResidual = name.hasSuffix("output.weight") || name.hasSuffix("down.weight")
            let wanted = intoResidual ? 0.02 / 6.0.squareRoot() : 0.02
            let deviation = (sumOfSquares([tensor]) / Double(tensor.count)).squareRoot()
            // Five standard errors of a deviation: 5 / sqrt(2 · 4096) = 5.5 % for the smallest matrix.
            #expect((deviation / wanted - 1).magnitude < 0.055, "\(name): \(deviation)")
        }
    }

    /// Every fault in one message.
    @Test func wrongWeightsAreAllReported() throws {
        var given: [String: Tensor] = [:]
        for (name, shape) in DecoderModel.parameterShapes(of: configuration) {
            given[name] = Tensor.zeros(shape)
        }
        given["norm.weight"] = nil
        given["blocks.1.feedForward.down.weight"] = Tensor.zeros([96, 64])
        given["blocks.3.attentionNorm.weight"] = Tensor.zeros([64])
        let error = try #require(throws: UserError.self) {
            try DecoderModel(configuration: configuration, parameters: given)
        }
        for part in [
            "norm.weight is missing", "blocks.1.feedForward.down.weight is [96, 64], not [64, 96]",
            "blocks.3.attentionNorm.weight is not part of the model",
        ] {
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test func impossibleShapesAreReported() throws {
        var impossible = configuration
        impossible.keyValueHeads = 3
        impossible.headDimension = 5
        let error = try #require(throws: UserError.self) {
            try DecoderModel(configuration: impossible, seed: 1)
        }
        #expect(error.status == .configuration)
        #expect(error.description.contains("4 heads cannot share 3 key-value heads"))
        #expect(error.description.contains("head dimension 5 is odd"))

        impossible.layers = 0
        impossible.vocabularySize = 1 << 40
        let problems = impossible.problems
        #expect(problems.contains { $0.contains("layers 0") })
        #expect(problems.contains { $0.contains("vocabulary size 1099511627776") })
        #expect(throws: UserError.self) { try DecoderModel(configuration: impossible, seed: 1) }
    }

    @Test func frozenDecodersRecordNothing() throws {
        let decoder = try Fixture.decoder()
        let batch = TokenBatch(sequences: [Fixture.ids(6, vocabulary: 97)])
        #expect(!Tape.record { decoder.hiddenStates(batch) }.0.needsGradient)
        decoder.requireGradients()
        #expect(Tape.record { decoder.hiddenStates(batch) }.0.needsGradient)
        #expect(!withoutGradients { decoder.hiddenStates(batch) }.needsGradient)
        decoder.requireGradients(false)
        #expect(!Tape.record { decoder.hiddenStates(batch) }.0.needsGradient)
    }
}
