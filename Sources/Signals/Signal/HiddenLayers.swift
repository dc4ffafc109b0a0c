import Support
import Tensors
import Transformer

/// The layers whose hidden states a signal cache stores beside the teacher's distributions.
public struct HiddenLayers: Codable, Equatable, Sendable {
    /// The layers whose residual stream is stored, from 1, rising.
    public let stored: [Int]
    /// Number of the teacher's layers.
    public let count: Int
    /// Width of its residual stream.
    public let width: Int

    private enum CodingKeys: String, CodingKey {
        case stored = "kept"
        case count, width
    }

    /// - Throws: `UserError` when the teacher has no such layer
    init(_ layers: [Int], of teacher: Configuration, named name: String) throws {
        if let layer = layers.first(where: { !(1...teacher.layers).contains($0) }) {
            throw UserError(
                "hidden states of layer \(layer) are wanted of \(name), which has \(teacher.layers)",
                hint: "layers count from 1", status: .configuration)
        }
        stored = Array(Set(layers)).sorted()
        count = teacher.layers
        width = teacher.width
    }

    /// What is wrong with numbers that were read from a file; nil when they are sound.
    var problem: String? {
        let ordered = zip(stored, stored.dropFirst()).allSatisfy { $0 < $1 }
        return (1...65_536).problem("layers", count) ?? (1...1_048_576).problem("width", width)
            ?? stored.lazy.compactMap { (1...count).problem("layer", $0) }.first
            ?? (stored.isEmpty || !ordered ? "the layers stored, \(stored), do not rise" : nil)
    }
}

/// A teacher's hidden states at the M positions of a batch that precede targets, read from a cache.
public struct CachedHidden: Sendable {
    /// The layers that the cache stores.
    public let layers: HiddenLayers
    /// [M, C] for each stored layer.
    public let states: [Tensor]

    /// - Parameter layer: from 1; a stored one
    package func states(ofLayer layer: Int) -> Tensor {
        guard let index = layers.stored.firstIndex(of: layer) else {
            preconditionFailure("layer \(layer) is not among \(layers.stored)")
        }
        return states[index]
    }
}
