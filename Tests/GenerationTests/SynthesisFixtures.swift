import Foundation
import Support
import Tensors
import TestSupport
import Tokenization
import Transformer

@testable import Generation

/// A model with random weights large enough for varied answers, and some that end by themselves.
func smallAuthor(seed: UInt64 = 3, contextLength: Int = 96, template: ChatTemplate? = .roleMarkers) throws
    -> Synthesis.Author
{
    let configuration = Configuration(
        vocabularySize: smallTokenizer.vocabularySize, width: 32, layers: 2, heads: 4, feedForward: 48,
        tiedHead: false, contextLength: contextLength)
    var parameters: [String: Tensor] = [:]
    for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
        let stream = RandomStream(seed: seed, purpose: "small author", index: UInt64(index))
        parameters[name] =
            shape.count == 1
            ? Tensor(shape: shape, values: Array(repeating: 1, count: shape[0]))
            : Tensor.normal(shape, deviation: 0.25, from: stream)
    }
    return Synthesis.Author(
        decoder: try DecoderModel(configuration: configuration, parameters: parameters),
        tokenizer: smallTokenizer,
        template: template,
        // A fortieth of the vocabulary, so that answers end after some 40 tokens.
        stopIDs: Set((0..<8).map { Int32(20 + 37 * $0) }), name: "small",
        fingerprint: Fingerprint(hashing: "small \(seed)"))
}

/// Prompts of every kind.
let smallPrompts: [SynthesisPrompt] = [
    SynthesisPrompt(.chat([Message(role: .user, content: "Where does Pell live?")])),
    SynthesisPrompt(.prompt("Where does Orrin live?")),
    SynthesisPrompt(
        .chat([
            Message(role: .system, content: "Wess keeps a goat."),
            Message(role: .user, content: "Who sings?"),
            Message(role: .assistant, content: "Tamsin."),
            Message(role: .user, content: "And who lives here?"),
            Message(role: .assistant, content: "Nobody."),
        ])),
    SynthesisPrompt(.text("Orrin lives by")),
    SynthesisPrompt(.prompt("")),
]
