import Checkpoints
import Foundation

/// What the costs of a model follow from.
public struct ModelShape: Equatable, Sendable {
    public var layers, width, heads, keyValueHeads, headDimension, feedForward, vocabulary: Int
    public var tiedHead: Bool
    /// Tokens that it can read.
    public var contextLength: Int

    init(_ shape: ModelSettings.Shape, vocabulary: Int) {
        layers = shape.layers
        width = shape.width
        heads = shape.heads
        keyValueHeads = shape.keyValueHeads
        headDimension = shape.headDimension
        feedForward = shape.feedForward
        tiedHead = shape.tiedHead
        contextLength = shape.contextLength
        self.vocabulary = vocabulary
    }

    /// Reads what a checkpoint says of itself; `nil` if it is not there or not understood.
    public init?(checkpoint url: URL) {
        guard let shape = try? Checkpoint.configuration(at: url) else { return nil }
        layers = shape.layers
        width = shape.width
        heads = shape.heads
        keyValueHeads = shape.keyValueHeads
        headDimension = shape.headDimension
        feedForward = shape.feedForward
        vocabulary = shape.vocabularySize
        contextLength = shape.contextLength
        tiedHead = shape.tiedHead
    }

    /// In Double: sizes from a file may be absurd, and this is only an estimate.
    var parameters: Double {
        embedding * (tiedHead ? 1 : 2) + blocks + Double(width)
    }

    /// Floating-point operations of one token's forward pass, without attention over the context.
    var forwardOperations: Double { 2 * (blocks + embedding) }

    /// Those of the head alone.
    var headOperations: Double { 2 * embedding }

    private var embedding: Double { Double(vocabulary) * Double(width) }

    private var blocks: Double {
        let projections = 2 * (Double(heads) + Double(keyValueHeads)) * Double(headDimension) * Double(width)
        let gated = 3 * Double(width) * Double(feedForward)
        return Double(layers) * (projections + gated + 2 * Double(width))
    }
}
