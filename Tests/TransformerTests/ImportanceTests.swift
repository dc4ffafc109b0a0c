import Support
import TestSupport
import Tensors
import Testing

@testable import Transformer

@Suite struct ImportanceTests {
    private let batch = TokenBatch(sequences: [
        Fixture.ids(20, vocabulary: 97, seed: 1), Fixture.ids(7, vocabulary: 97, seed: 2),
    ])

    /// A decoder with four layers after a change to its weights, by their names.
    private func decoder(
        keyValueHeads: Int = 2, _ change: (_ name: String, _ tensor: Tensor) -> Void = { _, _ in }
    )
        throws -> DecoderModel
    {
        let decoder = try Fixture.decoder(keyValueHeads: keyValueHeads, layers: 4)
        for (name, tensor) in decoder.parameters { change(name, tensor) }
        return decoder
    }

    /// A block that adds nothing to the residual stream.
    @Test func anIdentityBlockGoesFirst() throws {
        let decoder = try decoder { name, tensor in
            if ["blocks.2.attention.output.weight", "blocks.2.feedForward.down.weight"].contains(name) {
                tensor.fill(0)
            }
        }
        let importance = try Importance(of: decoder, on: batch)
        #expect(abs(importance.layers[2]) < 1e-12)
        #expect([0, 1, 3].allSatisfy { importance.layers[$0] > 1e-3 })
        let selection = try DecoderSelection(most: importance, of: decoder.configuration, layers: 3)
        #expect(selection.layers == [0, 1, 3])
        // Nothing is lost with it.
        let small = try decoder.pruned(to: selection)
        expectClose(
            small.logits(small.hiddenStates(batch)).values,
            decoder.logits(decoder.hiddenStates(batch)).values.map(Double.init))
    }

    /// A neuron whose gate and up weights are 0 says nothing.
    @Test func aDeadNeuronGoesFirst() throws {
        let dead = [1, 17, 40, 47]
        let decoder = try decoder { name, tensor in
            guard name.hasSuffix("gateUp.weight") else { return }
            for neuron in dead { tensor.pointer(row: neuron).update(repeating: 0, count: tensor.width) }
        }
        let importance = try Importance(of: decoder, on: batch)
        let selection = try DecoderSelection(most: importance, of: decoder.configuration, feedForward: 44)
        for neurons in try #require(selection.neurons) {
            #expect(neurons == (0..<48).filter { !dead.contains($0) })
        }
        let small = try decoder.pruned(to: selection)
        #expect(small.configuration.feedForward == 44)
        expectClose(
            small.logits(small.hiddenStates(batch)).values,
            decoder.logits(decoder.hiddenStates(batch)).values.map(Double.init), absolute: 1e-5)
    }

    /// Values of 0 make a group's heads silent; within a group, none of them matters more than another.
    @Test func aDeadGroupOfHeadsGoesFirst() throws {
        let decoder = try decoder { name, tensor in
            guard name.hasSuffix("queryKeyValue.weight") else { return }
            // Four query heads, two keys, then the values of the first group, of 8 rows each.
            for row in 48..<56 { tensor.pointer(row: row).update(repeating: 0, count: tensor.width) }
        }
        let importance = try Importance(of: decoder, on: batch)
        #expect(importance.heads.allSatisfy { $0[0] == 0 && $0[1] == 0 && $0[2] > 0 && $0[3] > 0 })
        // As many heads of each group, while that comes out even.
        let even = try DecoderSelection(most: importance, of: decoder.configuration, heads: 2)
        #expect(even.keyValueHeads == nil)
        #expect(even.heads!.allSatisfy { $0[0] < 2 && $0[1] >= 2 })
        #expect(try decoder.pruned(to: even).configuration.heads == 2)
    }

    /// Where every head has its own keys and values, the weakest go with them.
    @Test func headsOfTheirOwnGoWithTheirKeys() throws {
        let decoder = try decoder(keyValueHeads: 4) { name, tensor in
            guard name.hasSuffix("queryKeyValue.weight") else { return }
            // Values of head 2.
            for row in 80..<88 { tensor.pointer(row: row).update(repeating: 0, count: tensor.width) }
        }
        let importance = try Importance(of: decoder, on: batch)
        let selection = try DecoderSelection(most: importance, of: decoder.configuration, heads: 3)
        #expect(selection.heads == Array(repeating: [0, 1, 3], count: 4))
        #expect(selection.keyValueHeads == selection.heads)
        let small = try decoder.pruned(to: selection)
        expectClose(
            small.logits(small.hiddenStates(batch)).values,
            decoder.logits(decoder.hiddenStates(batch)).values.map(Double.init), absolute: 1e-5)
    }

    /// A channel that the norms let nothing through of.
    @Test func aClosedChannelGoesFirst() throws {
        let decoder = try decoder { name, tensor in
            if name.hasSuffix("attentionNorm.weight") || name.hasSuffix("feedForwardNorm.weight") {
                tensor.pointer[5] = 0
            }
        }
        let importance = try Importance(of: decoder, on: batch)
        let selection = try DecoderSelection(most: importance, of: decoder.configuration, width: 31)
        #expect(selection.channels == (0..<32).filter { $0 != 5 })
        #expect(try decoder.pruned(to: selection).configuration.width == 31)
    }

    /// The formulas, told plainly.
    @Test func measuresAreTheirFormulas() throws {
        let decoder = try decoder()
        let importance = try Importance(of: decoder, on: batch)
        let inside = decoder.activations(batch)
        var sum = 0.0
        for row in 0..<27 {
            func values(_ tensor: Tensor) -> [Double] {
                tensor.values[row * 32..<(row + 1) * 32].map(Double.init)
            }
            let (x, y) = (values(inside.hidden[0]), values(inside.hidden[1]))
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            sum += 1 - dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
        }
        expectClose([Float(importance.layers[1])], [sum / 27])
        // A sequence's mean, then the root of the sum of squares over sequences: it does not depend on the batch.
        let parts = try [0..<20, 20..<27].map { range in
            try Importance(of: decoder, on: TokenBatch(sequences: [Array(batch.ids[range])]))
        }
        for (whole, each) in [
            (importance.neurons[3], parts.map { $0.neurons[3] }),
            (importance.heads[2], parts.map { $0.heads[2] }),
            (importance.channels, parts.map(\.channels)),
        ] {
            let expected = zip(each[0], each[1]).map { ($0 * $0 + $1 * $1).squareRoot() }
            expectClose(whole.map { Float($0) }, expected)
        }
    }

    /// Weights that are finite may overflow on the way: what NaN says of parts is nothing.
    @Test func activationsThatAreNoNumbersAreRefused() throws {
        let decoder = try decoder { name, tensor in
            if name == "blocks.1.feedForward.down.weight" { tensor.fill(3e38) }
        }
        #expect(throws: UserError.self) { _ = try Importance(of: decoder, on: batch) }
    }

    @Test func impossibleNumbersAreRefused() throws {
        let decoder = try decoder()
        let importance = try Importance(of: decoder, on: batch)
        func message(layers: Int? = nil, heads: Int? = nil, feedForward: Int? = nil) -> String? {
            do {
                _ = try DecoderSelection(
                    most: importance, of: decoder.configuration, layers: layers, feedForward: feedForward,
                    heads: heads)
                return nil
            } catch { return "\(error)" }
        }
        #expect(message(layers: 5) == "layers 5 does not fit a model with 4; accepted: 1 to 4")
        #expect(message(feedForward: 49)?.contains("feed_forward 49 does not fit") == true)
        #expect(
            message(heads: 3) == "heads 3 cannot be chosen evenly from 2 groups of 2; accepted: 2, 4")
        #expect(message(layers: 4, heads: 4, feedForward: 48) == nil)
    }
}
