import Tokenization
import Transformer

/// What is known of a model without its weights.
public struct CheckedCheckpoint: Sendable {
    /// Its shape.
    public let shape: Configuration
    /// Its tokenizer; nil if it has none.
    public let tokenizer: Tokenizer?
    /// See `Checkpoint.chatTemplate`.
    public let template: ChatTemplate?
    /// The ids that begin, end and fill sequences.
    public let tokens: SpecialTokens
}

/// A model whose files have been checked and whose weights have not been read.
struct OpenedCheckpoint {
    let shape: Configuration
    let loader: ModelLoader
    let tokenizer: Tokenizer?
    let template: ChatTemplate?
    let tokens: SpecialTokens
    /// See `Checkpoint.unusedRows`.
    let unusedRows: Int
}
