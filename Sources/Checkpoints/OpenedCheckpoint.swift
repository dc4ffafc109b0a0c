import Tokenization
import Transformer

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
