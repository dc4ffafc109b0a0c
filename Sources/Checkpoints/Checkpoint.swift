import Foundation
import Support
import Tokenization
import Transformer

/// A model with what it takes to use it, as a Hugging Face directory holds them.
///
/// Models of the families in `Family` are read: `config.json`, the weights in `model.safetensors` (or shards with an index),
/// and, where they exist, `tokenizer.model`, the chat template and `generation_config.json`.
public struct Checkpoint {
    /// Where it was read from.
    public let url: URL
    public let decoder: DecoderModel
    /// nil if the directory holds no `tokenizer.model`.
    public let tokenizer: Tokenizer?
    /// nil if there is no chat template, or none that we know.
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

    /// How chats are written: as its own template says or, without one that we know, as its vocabulary and name tell.
    public var chatTemplate: ChatTemplate? {
        template ?? tokenizer.flatMap { ChatTemplate.guess(for: $0, named: url.lastPathComponent) }
    }

    /// `stopIDs`, and those of `chatTemplate` where the model does not name it itself: what ends an answer.
    public var answerStopIDs: Set<Int32> {
        guard let tokenizer, let chatTemplate else { return stopIDs }
        return stopIDs.union(chatTemplate.stopIDs(in: tokenizer))
    }

    /// The same model, its chats written otherwise.
    public func writing(_ template: ChatTemplate) -> Checkpoint {
        Checkpoint(url: url, decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens)
    }

    /// The tokenizer, for work that cannot do without.
    /// - Throws: `UserError` if there is none.
    public func requireTokenizer() throws -> Tokenizer {
        if let tokenizer { return tokenizer }
        if GGUFFile.isGGUF(url) {
            throw UserError("holds no vocabulary", file: url.relativePath, status: .noInput)
        }
        let others = ["tokenizer.json", "vocab.json"].filter { CheckpointFile.existing($0, in: url) != nil }
        throw UserError(
            "holds no \(CheckpointFile.tokenizer)"
                + (others.isEmpty ? "" : ", and its \(others[0]) cannot be read"), file: url.relativePath,
            hint: "put the SentencePiece model that it was trained with beside the weights"
                + (others.isEmpty ? "" : "; other vocabularies, such as byte-level BPE, are not supported"),
            status: .noInput)
    }
}

/// The files of a Hugging Face directory.
enum CheckpointFile {
    static let configuration = "config.json"
    static let generation = "generation_config.json"
    static let weights = "model.safetensors"
    static let index = "model.safetensors.index.json"
    static let tokenizer = "tokenizer.model"
    static let tokenizerConfiguration = "tokenizer_config.json"
    static let template = "chat_template.jinja"

    /// Whether an older checkpoint's file may go when a new checkpoint takes its place: all that describes the
    /// model or its tokenizer, in any of the spellings in use.
    static func isReplaceable(_ name: String) -> Bool {
        let known: Set = [
            configuration, generation, weights, index, tokenizer, tokenizerConfiguration, template,
            "tokenizer.json", "special_tokens_map.json", "added_tokens.json",
        ]
        return known.contains(name) || (name.hasPrefix("model-") && name.hasSuffix(".safetensors"))
    }

    /// Where `name` stands in `directory`, or nil if it does not exist.
    static func existing(_ name: String, in directory: URL) -> URL? {
        let url = directory.appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}
