import Support
import TestSupport
import Tensors
import Testing

@testable import Transformer

/// Pruned decoders with refitted output projections.
@Suite struct ReconstructionTests {
    private let batch = TokenBatch(
        sequences: (0..<12).map { Fixture.ids(60, vocabulary: 97, seed: UInt64($0)) })

    private func logits(_ decoder: DecoderModel) -> [Double] {
        decoder.logits(decoder.hiddenStates(batch)).values.map(Double.init)
    }

    /// Mean squared difference of final hidden states.
    private func distance(_ a: DecoderModel, _ b: DecoderModel, on batch: TokenBatch) -> Double {
        let (x, y) = (a.hiddenStates(batch).values, b.hiddenStates(batch).values)
        return zip(x, y).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(x.count)
    }

    @Test func withNothingRemovedNothingChanges() throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 3)
        let same = try whole.pruned(to: DecoderSelection())
        let fitted = try same.reconstructed(from: whole, keeping: DecoderSelection(), on: batch)
        for (a, b) in zip(whole.parameters, fitted.parameters) { #expect(a.tensor.values == b.tensor.values) }
    }

    /// How parts join the residual stream.
    enum Joint: CaseIterable {
        case sum, scaledSum, parallelWithBiases

        func set(_ configuration: inout Configuration) {
            switch self {
            case .sum: break
            case .scaledSum:
                configuration.family = Family(name: "scaled", choices: .multipliers)
                configuration.multipliers = Multipliers(embedding: 1, residual: 0.3, logitDivisor: 1)
            case .parallelWithBiases:
                configuration.family = Family(
                    name: "parallel", feedForward: .plain(.gelu), norm: .layer, biases: .all,
                    choices: .parallelResidual)
                configuration.parallelResidual = true
            }
        }
    }

    /// A neuron with the input weights of another is made up for exactly: their output weights are summed.
    @Test(arguments: Joint.allCases) func aRepeatedNeuronIsMadeUpFor(joint: Joint) throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 3, joint.set)
        let neurons = whole.configuration.feedForward
        for (name, tensor) in whole.parameters {
            if name.hasSuffix("feedForward.up.bias") {
                tensor.withUnsafeMutableFloats { $0[5] = $0[4] }
            } else if name.hasSuffix("gateUp.weight") || name.hasSuffix("feedForward.up.weight") {
                for first in stride(from: 0, to: tensor.rows, by: neurons) {
                    tensor.pointer(row: first + 5).update(
                        from: tensor.pointer(row: first + 4), count: tensor.width)
                }
            }
        }
        let kept = (0..<neurons).filter { $0 != 5 }
        let selection = DecoderSelection(neurons: Array(repeating: kept, count: 3))
        let pruned = try whole.pruned(to: selection)
        let fitted = try pruned.reconstructed(from: whole, keeping: selection, on: batch)
        #expect(distance(pruned, whole, on: batch) > 1e-4)
        // The rest is what the least penalty, 1e-4, leaves.
        #expect(distance(fitted, whole, on: batch) < 1e-5 * distance(pruned, whole, on: batch))
    }

    /// A layer that adds a constant is made up for by a neuron before it that is constant and had no weight.
    @Test func theLastProjectionBeforeAGapMakesUpForIt() throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 4, Joint.parallelWithBiases.set)
        for (name, tensor) in whole.parameters {
            switch name {
            case "blocks.1.attention.output.weight", "blocks.1.attention.output.bias",
                "blocks.1.feedForward.down.weight":
                tensor.fill(0)
            case "blocks.0.feedForward.up.weight":
                tensor.pointer(row: 0).update(repeating: 0, count: tensor.width)
            case "blocks.0.feedForward.up.bias": tensor.withUnsafeMutableFloats { $0[0] = 2 }
            case "blocks.0.feedForward.down.weight":
                for row in 0..<tensor.rows { tensor.pointer(row: row)[0] = 0 }
            default: break
            }
        }
        let selection = DecoderSelection(layers: [0, 2, 3])
        let pruned = try whole.pruned(to: selection)
        let fitted = try pruned.reconstructed(from: whole, keeping: selection, on: batch)
        // The rest is what the least penalty, 1e-4, leaves.
        #expect(distance(fitted, whole, on: batch) < 1e-5 * distance(pruned, whole, on: batch))
    }

    /// On text that the projections were not fitted to.
    @Test(arguments: Joint.allCases) func hiddenStatesAreCloserOnNewText(joint: Joint) throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 4, joint.set)
        let unseen = TokenBatch(
            sequences: (50..<56).map { Fixture.ids(60, vocabulary: 97, seed: UInt64($0)) })
        let half = Array(repeating: Array(0..<whole.configuration.feedForward / 2), count: 4)
        let selections = [
            DecoderSelection(layers: [0, 3]), DecoderSelection(neurons: half),
            DecoderSelection(layers: [0, 1, 3], neurons: half),
        ]
        for selection in selections {
            let pruned = try whole.pruned(to: selection)
            let fitted = try pruned.reconstructed(from: whole, keeping: selection, on: batch)
            // Of random weights half a layer says little of the other half.
            #expect(distance(fitted, whole, on: unseen) < 0.95 * distance(pruned, whole, on: unseen))
        }
    }

    /// Heads of groups, groups of heads, channels; of one group (multi-query), several, and as many as heads; with biases of queries
    /// and keys, windows, and layers without rotary embedding.
    @Test(arguments: [1, 2, 4]) func allPartsAndGroupsCanBeFitted(keyValueHeads: Int) throws {
        let whole = try Fixture.decoder(keyValueHeads: keyValueHeads, layers: 4) {
            $0.family = Family(
                name: "varied", biases: .queryKeyValue,
                choices: [.slidingWindow, .layersWithoutWindow, .layersWithoutRope])
            $0.slidingWindow = SlidingWindow(size: 16, layers: [1, 3])
            $0.layersWithoutRope = [2]
        }
        let importance = try Importance(of: whole, on: batch)
        for (heads, width, layers) in [(2, nil, 3), (nil, 24, nil), (2, 24, 2)] as [(Int?, Int?, Int?)] {
            let selection = try DecoderSelection(
                most: importance, of: whole.configuration, layers: layers, heads: heads, width: width)
            let pruned = try whole.pruned(to: selection)
            let fitted = try pruned.reconstructed(from: whole, keeping: selection, on: batch)
            #expect(fitted.configuration == pruned.configuration)
            let target = whole.hiddenStates(batch).selecting(columns: selection.channels)
            func error(_ decoder: DecoderModel) -> Float {
                zip(decoder.hiddenStates(batch).values, target.values).reduce(0) {
                    $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
                }
            }
            #expect(error(fitted) < error(pruned), "\(heads ?? 0) heads, width \(width ?? 0)")
        }
    }

    /// Too little text and neurons that are always 0 made other tools' factorizations fail: "not positive-definite".
    @Test func aWordAndDeadNeuronsAreEnough() throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 2)
        for (name, tensor) in whole.parameters where name.hasSuffix("gateUp.weight") {
            for neuron in [0, 7] { tensor.pointer(row: neuron).update(repeating: 0, count: tensor.width) }
        }
        let selection = DecoderSelection(neurons: Array(repeating: Array(0..<40), count: 2))
        let fitted = try whole.pruned(to: selection).reconstructed(
            from: whole, keeping: selection, on: TokenBatch(sequences: [[5, 9]]))
        #expect(fitted.parameters.allSatisfy { $0.tensor.values.allSatisfy(\.isFinite) })
    }

    @Test func nonFiniteActivationsAreRefused() throws {
        let whole = try Fixture.decoder(keyValueHeads: 2, layers: 2)
        whole.embeddingTable.withUnsafeMutableFloats { $0[3] = .infinity }
        let selection = DecoderSelection(layers: [0])
        let pruned = try whole.pruned(to: selection)
        #expect(throws: UserError.self) {
            try pruned.reconstructed(from: whole, keeping: selection, on: batch)
        }
    }

    @Test func familiesThatNormOutputsAreRefused() throws {
        let whole = try Fixture.decoder { $0.family = Family(name: "after", normsOutputs: true) }
        #expect(DecoderModel.reconstructionFault(of: whole.configuration)?.contains("norm") == true)
    }
}
