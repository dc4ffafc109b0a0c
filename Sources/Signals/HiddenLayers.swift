import Support
import Tensors
import Transformer

/// Which of a teacher's hidden states a cache keeps.
public struct HiddenLayers: Codable, Equatable, Sendable {
    /// The layers whose residual stream is kept, from 1, rising.
    public let kept: [Int]
    /// Layers of the teacher.
    public let count: Int
    /// Width of its residual stream.
    public let width: Int

    /// What is wrong with numbers that were read from a file; nil when they are sound.
    var problem: String? {
        let ordered = zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 }
        return (1...65_536).problem("layers", count) ?? (1...1_048_576).problem("width", width)
            ?? kept.lazy.compactMap { (1...count).problem("layer", $0) }.first
            ?? (kept.isEmpty || !ordered ? "the layers kept, \(kept), do not rise" : nil)
    }

    /// - Throws: `UserError` when the teacher has no such layer
    init(_ kept: [Int], of teacher: Configuration, named name: String) throws {
        if let layer = kept.first(where: { !(1...teacher.layers).contains($0) }) {
            throw UserError(
                "hidden states of layer \(layer) are wanted of \(name), which has \(teacher.layers)",
                hint: "layers count from 1", status: .configuration)
        }
        self.kept = Array(Set(kept)).sorted()
        count = teacher.layers
        width = teacher.width
    }
}

/// A teacher's hidden states at the M kept positions of a batch, read from a cache.
public struct CachedHidden: Sendable {
    public let layers: HiddenLayers
    /// [M, C] for each kept layer.
    public let states: [Tensor]

    /// - Parameter layer: from 1; one that is kept
    package func states(ofLayer layer: Int) -> Tensor {
        guard let place = layers.kept.firstIndex(of: layer) else {
            preconditionFailure("layer \(layer) is not among \(layers.kept)")
        }
        return states[place]
    }
}
