import Support
import Tensors
import Transformer

/// Reproducible inputs for tests.
public enum Fixture {
    /// Lengths around the widths of vector registers, and off them.
    public static let sizes = [1, 2, 7, 8, 31, 32, 33, 64, 100]

    /// Normal values.
    public static func normal(_ count: Int, deviation: Float = 1, seed: UInt64 = 1) -> [Float] {
        var stream = RandomStream(seed: seed, purpose: "fixture")
        return (0..<count).map { _ in deviation * stream.nextNormal() }
    }

    /// Probabilities > 0 that sum to 1: the softmax of normal values.
    public static func probabilities(_ count: Int, deviation: Float = 2, seed: UInt64 = 1) -> [Float] {
        Reference.softmax(normal(count, deviation: deviation, seed: seed).map(Double.init)).map(Float.init)
    }

    /// Token ids below `vocabulary`.
    public static func ids(_ count: Int, vocabulary: Int, seed: UInt64 = 1) -> [Int32] {
        var stream = RandomStream(seed: seed, purpose: "fixture ids")
        return (0..<count).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
    }

    /// A small decoder whose weights are large enough for attention, gates and norms to do something: a fresh
    /// decoder's are so small that many mistakes would not show.
    public static func decoder(
        heads: Int = 4, keyValueHeads: Int = 2, layers: Int = 2, tiedHead: Bool = true, seed: UInt64 = 1,
        _ change: (_ configuration: inout Configuration) -> Void = { _ in }
    ) throws -> DecoderModel {
        var configuration = Configuration(
            vocabularySize: 97, width: 32, layers: layers, heads: heads, keyValueHeads: keyValueHeads,
            headDimension: 8, feedForward: 48, tiedHead: tiedHead, contextLength: 512)
        change(&configuration)
        var parameters: [String: Tensor] = [:]
        for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
            let stream = RandomStream(seed: seed, purpose: "fixture weights", index: UInt64(index))
            let isNorm = shape.count == 1
            let tensor = Tensor.normal(shape, deviation: isNorm ? 0.2 : 0.3, from: stream)
            if isNorm { tensor.withUnsafeMutableFloats { for i in $0.indices { $0[i] += 1 } } }
            parameters[name] = tensor
        }
        return try DecoderModel(configuration: configuration, parameters: parameters)
    }
}
