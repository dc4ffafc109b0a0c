import Foundation
import Support
import Tokenization
import Transformer

/// A model with its tokenizer, chat template and special tokens.
///
/// Models of the families in `FamilyRegistry.standard` are read: `config.json`, the weights in `model.safetensors` (or shards with an index),
/// and, where they exist, `tokenizer.model` or `tokenizer.json`, the chat template and `generation_config.json`.
public struct Checkpoint {
    /// Where it was read from.
    public let url: URL
    /// The model.
    public let decoder: DecoderModel
    /// nil if the directory holds neither `tokenizer.model` nor `tokenizer.json`, or the GGUF file no vocabulary.
    public let tokenizer: Tokenizer?
    /// nil if there is no chat template, or it is not a supported one.
    public let template: ChatTemplate?
    /// The ids that begin, end and fill sequences.
    public let tokens: SpecialTokens
    /// Rows at the end of the file's embedding table that belong to no piece: tables are often padded to a round number. They
    /// are left out, so that they are never sampled.
    public let unusedRows: Int

    init(
        url: URL, decoder: DecoderModel, tokenizer: Tokenizer?, template: ChatTemplate?,
        tokens: SpecialTokens,
        unusedRows: Int = 0
    ) {
        self.url = url
        self.decoder = decoder
        self.tokenizer = tokenizer
        self.template = template
        self.tokens = tokens
        self.unusedRows = unusedRows
    }

    /// The ids after which generation is over: the end of a sequence, and of a turn in a chat.
    public var stopIDs: Set<Int32> {
        var ids = Set(tokens.ends)
        if ids.isEmpty, let end = tokenizer?.endID { ids.insert(end) }
        if let tokenizer, let template { ids.formUnion(template.stopIDs(in: tokenizer)) }
        return ids
    }

    /// The chat template: the model's own or, without one that is supported, the one that its vocabulary or its name suggests.
    public var chatTemplate: ChatTemplate? {
        tokenizer.map { Self.chatTemplate(template, for: $0, at: url) } ?? template
    }

    /// A model's own template or, without one, the one that its vocabulary or its name suggests, as used with its vocabulary.
    static func chatTemplate(_ own: ChatTemplate?, for tokenizer: Tokenizer, at url: URL) -> ChatTemplate? {
        (own ?? ChatTemplate.guess(for: tokenizer, named: url.modelName))?.fitted(to: tokenizer)
    }

    /// `stopIDs`, and those of `chatTemplate` where the model does not name it itself: what ends an answer.
    public var answerStopIDs: Set<Int32> {
        guard let tokenizer, let chatTemplate else { return stopIDs }
        return stopIDs.union(chatTemplate.stopIDs(in: tokenizer))
    }

    /// The same model with another chat template.
    public func writing(_ template: ChatTemplate) -> Checkpoint {
        Checkpoint(url: url, decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens)
    }

    /// The same model with other weights of the same vocabulary.
    public func replacing(_ decoder: DecoderModel) -> Checkpoint {
        Checkpoint(url: url, decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens)
    }

    /// The tokenizer, for work that needs one.
    /// - Throws: `UserError` if there is none.
    public func requireTokenizer() throws -> Tokenizer {
        if let tokenizer { return tokenizer }
        if GGUFFile.isGGUF(url) {
            throw UserError("holds no vocabulary", file: url.relativePath, status: .noInput)
        }
        let hasVocabulary = CheckpointFile.existing("vocab.json", in: url) != nil
        throw UserError(
            "holds neither \(CheckpointFile.tokenizer) nor \(CheckpointFile.fastTokenizer)",
            file: url.relativePath,
            hint: hasVocabulary
                ? "vocab.json alone is not read; AutoTokenizer.from_pretrained(…).save_pretrained(…) of transformers writes "
                    + CheckpointFile.fastTokenizer
                : "put the tokenizer that it was trained with beside the weights",
            status: .noInput)
    }
}
