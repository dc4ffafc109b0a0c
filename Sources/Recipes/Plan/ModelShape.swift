import Foundation

/// What the costs of a model follow from.
public struct ModelShape: Equatable, Sendable {
    public var layers, width, heads, keyValueHeads, headDimension, feedForward, vocabulary: Int
    public var tiedHead: Bool

    init(_ shape: ModelSettings.Shape, vocabulary: Int) {
        layers = shape.layers
        width = shape.width
        heads = shape.heads
        keyValueHeads = shape.keyValueHeads
        headDimension = shape.headDimension
        feedForward = shape.feedForward
        tiedHead = shape.tiedHead
        self.vocabulary = vocabulary
    }

    /// Reads a Hugging Face directory's `config.json`; `nil` if it is not there or lacks a size.
    public init?(checkpoint url: URL) {
        struct File: Decodable {
            var num_hidden_layers, hidden_size, num_attention_heads, intermediate_size, vocab_size: Int
            var num_key_value_heads, head_dim: Int?
            var tie_word_embeddings: Bool?
        }
        guard let data = try? Data(contentsOf: url.appending(path: "config.json")),
            let file = try? JSONDecoder().decode(File.self, from: data), file.num_attention_heads > 0
        else { return nil }
        layers = file.num_hidden_layers
        width = file.hidden_size
        heads = file.num_attention_heads
        keyValueHeads = file.num_key_value_heads ?? file.num_attention_heads
        headDimension = file.head_dim ?? file.hidden_size / file.num_attention_heads
        feedForward = file.intermediate_size
        vocabulary = file.vocab_size
        tiedHead = file.tie_word_embeddings ?? false
    }

    /// In Double: sizes from a file may be absurd, and this is only an estimate.
    var parameters: Double {
        embedding * (tiedHead ? 1 : 2) + blocks + Double(width)
    }

    /// Floating-point operations of one token's forward pass, without attention over the context.
    var forwardOperations: Double { 2 * (blocks + embedding) }

    private var embedding: Double { Double(vocabulary) * Double(width) }

    private var blocks: Double {
        let projections = Double(heads * 2 + keyValueHeads * 2) * Double(headDimension) * Double(width)
        let gated = 3 * Double(width) * Double(feedForward)
        return Double(layers) * (projections + gated + 2 * Double(width))
    }
}
