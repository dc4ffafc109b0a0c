import Transformer

/// What is known of models and tokenizers before any stage has run: from their files, or from the stages that make them.
package protocol ModelLookup {
    /// The shape of a model; `nil` if nothing is known of it.
    func configuration(of model: Reference) -> Configuration?
    /// The pieces of a tokenizer, or of a model that has one.
    func vocabularySize(of tokenizer: Reference) -> Int?
}

extension ModelSettings {
    /// The shape of the model that is trained; a new one has the vocabulary of its tokenizer.
    func configuration(tokenizer: Reference, _ models: any ModelLookup) -> Configuration? {
        switch origin {
        case .checkpoint(let reference), .pruned(let reference, _): return models.configuration(of: reference)
        case .new(var shape):
            if let size = models.vocabularySize(of: tokenizer) { shape.vocabularySize = size }
            return shape
        }
    }
}
