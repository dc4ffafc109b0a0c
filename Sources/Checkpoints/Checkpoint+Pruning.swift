import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension Checkpoint {
    /// A model made of some parts of this one, with its tokenizer, template and special tokens.
    ///
    /// With a trimmed vocabulary alone it is the *restricted* model: its logits are this one's at the pieces that stay, so
    /// its distribution is this one's, conditioned on those pieces.
    ///
    /// - Parameter vocabulary: The pieces to keep; a selection's own `vocabulary` is ignored.
    /// - Throws: `UserError` if a part does not exist, or a special token that the model needs is not kept.
    public func pruned(to selection: DecoderSelection, vocabulary: VocabularyTrim? = nil) throws -> Checkpoint
    {
        var selection = selection
        selection.vocabulary = vocabulary.map { $0.rows.map(Int.init) }
        let decoder = try self.decoder.pruned(to: selection)
        guard let vocabulary else { return replacing(decoder) }
        let tokens = SpecialTokens(
            begin: tokens.begin.flatMap(vocabulary.id), ends: tokens.ends.compactMap(vocabulary.id),
            padding: tokens.padding.flatMap(vocabulary.id))
        guard tokens.ends.count == self.tokens.ends.count else {
            throw UserError(
                "a piece that ends generated text would be removed", file: url.relativePath,
                hint: "require the model's special tokens when choosing pieces", status: .configuration)
        }
        return Checkpoint(
            url: url, decoder: decoder, tokenizer: vocabulary.tokenizer,
            template: template ?? ChatTemplate.guess(for: vocabulary.tokenizer, named: url.modelName),
            tokens: tokens)
    }

    /// The model's first layers as a model: an early exit, useful where it was trained with exits.
    ///
    /// - Parameter layer: The last layer, from 1; nil for the whole model.
    /// - Throws: `UserError` if there is no such layer.
    public func ending(at layer: Int?) throws -> Checkpoint {
        let layers = decoder.configuration.layers
        guard let layer, layer != layers else { return self }
        guard (1..<layers).contains(layer) else {
            throw UserError(
                "there is no exit after layer \(layer) of a model with \(layers)", file: url.relativePath,
                hint: "accepted: 1 to \(layers)", status: .configuration)
        }
        return try pruned(to: DecoderSelection(layers: Array(0..<layer)))
    }

    /// Writes the model with its tokenizer, template and special tokens as a Hugging Face directory.
    ///
    /// - Throws: As the other `save`.
    public func save(to url: URL, as type: DType) throws {
        try Checkpoint.save(
            decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens, to: url, as: type)
    }

    /// Writes the model with its weights as they are in memory: a GGUF file if any are block-quantized, else a Hugging
    /// Face directory in the narrowest type that holds them all.
    ///
    /// - Throws: As `save` and `export`.
    public func saveAsStored(to url: URL) throws {
        // Vectors are always dequantized, and small enough for every type that a file has.
        let matrices = decoder.parameters.map(\.tensor).filter { $0.shape.count == 2 }
        let dtypes = Set(matrices.flatMap { $0.stored?.parts.map(\.dtype) ?? [.f32] })
        guard dtypes.allSatisfy({ $0.valuesPerBlock == 1 }) else {
            return try Checkpoint.export(
                decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens, to: url, as: nil)
        }
        let type: DType = dtypes == [.bf16] ? .bf16 : dtypes == [.f16] ? .f16 : .f32
        try save(to: url, as: type)
    }
}
