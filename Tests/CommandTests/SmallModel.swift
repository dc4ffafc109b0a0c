import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Tokenization
import Transformer

/// Runs `body` in a fresh directory that holds a small model with random weights, `model`.
func withSmallModel<R>(contextLength: Int = 128, _ body: (URL) throws -> R) throws -> R {
    try withTemporaryDirectory { directory in
        let lines = ["Pell", "Orrin", "Wess"].flatMap { name in
            ["\(name) keeps a goat.", "Where does \(name) live?", "\(name) lives by the river, and sings."]
        }
        let tokenizer = try Tokenizer(
            serializedModel: TokenizerTraining(vocabularySize: 330).train(lines), name: "small")
        let configuration = Configuration(
            vocabularySize: tokenizer.vocabularySize, width: 32, layers: 2, heads: 4, feedForward: 48,
            tiedHead: false, contextLength: contextLength)
        var parameters: [String: Tensor] = [:]
        for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
            let stream = RandomStream(seed: 3, purpose: "small model", index: UInt64(index))
            parameters[name] =
                shape.count == 1
                ? Tensor(shape: shape, values: Array(repeating: 1, count: shape[0]))
                : Tensor.normal(shape, deviation: 0.25, from: stream)
        }
        try Checkpoint.save(
            decoder: DecoderModel(configuration: configuration, parameters: parameters), tokenizer: tokenizer,
            template: .roleMarkers, to: directory.appending(path: "model"))
        return try body(directory)
    }
}
