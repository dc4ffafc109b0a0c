extension Tokenizer {
    /// The parts of a byte-level BPE vocabulary, as GGUF files hold them; nil for SentencePiece, and where GGUF has no name
    /// (`tokenizer.ggml.pre`) for how the vocabulary divides text.
    public var bytePairModel: BytePairModel? { bytePair?.parts(begin: beginID) }

    /// Opens a vocabulary of parts; `serializedModel` holds a `tokenizer.json` made from them.
    ///
    /// - Throws: As `Tokenizer.init(tokenizerJSON:configuration:name:)`.
    public convenience init(
        _ model: BytePairModel, configuration: TokenizerConfiguration = TokenizerConfiguration(), name: String
    ) throws {
        try self.init(
            tokenizerJSON: try model.tokenizerJSON(name: name), configuration: configuration, name: name)
    }
}
