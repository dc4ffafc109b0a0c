import Foundation
import Support

/// A vocabulary: text to token ids and back.
///
/// Two engines stand behind it. A SentencePiece `.model` gives the ids of the `sentencepiece` library, a Hugging Face
/// `tokenizer.json` those of the `tokenizers` library; users of this type need not know which it is. One tokenizer may be used
/// from any number of threads at once.
public final class Tokenizer: Sendable {
    /// The bytes of the vocabulary's file, `.model` or `tokenizer.json`: what a checkpoint saves, and what fingerprints are of.
    public let serializedModel: Data
    let engine: Engine
    /// The bytes each piece adds to a decoded text, one after another.
    let surfaces: Surfaces
    /// What each piece is for.
    let kinds: [PieceKind]
    /// How decoding turns pieces into text.
    let decodingRules: DecodingRules

    /// The id of text that no piece spells. SentencePiece always has one; a BPE vocabulary mostly has none, as it spells
    /// every byte.
    public let unknownID: Int32?
    /// The id that texts begin with (`<s>`), if there is one.
    public let beginID: Int32?
    /// The id that ends a sequence (usually `</s>`), if there is one.
    public let endID: Int32?
    /// The id that fills batches, if there is one.
    public let paddingID: Int32?
    /// What chat templates call `bos_token`. It may be there though texts do not begin with it (`beginID` is nil), as in
    /// SmolLM2's vocabulary.
    public let beginTokenID: Int32?

    enum Engine: Sendable {
        case sentencePiece(SentencePieceEngine)
        case bytePair(BytePairEngine)
    }

    /// A vocabulary has a few megabytes, the largest `tokenizer.json` about 35; a larger file is something else.
    public static let largestFile = 256 << 20

    /// Opens the bytes of a `.model` file, of a `tokenizer.json`, which begins with `{`, or of a tiktoken file that is known
    /// (Llama 3's and 4's `tokenizer.model`, Qwen's); `name` is what errors call it.
    ///
    /// - Throws: `UserError` if the bytes are not a complete, sound model.
    public convenience init(serializedModel: Data, name: String) throws {
        // No `.model` begins so: this byte would begin a group of fields, which SentencePiece does not use.
        if serializedModel.first == UInt8(ascii: "{") {
            try self.init(tokenizerJSON: serializedModel, configuration: TokenizerConfiguration(), name: name)
        } else if BytePairModel.isTiktoken(serializedModel) {
            let model = try BytePairModel(
                tiktoken: serializedModel, pattern: nil, configuration: TokenizerConfiguration(), name: name)
            try self.init(model, name: name)
        } else {
            self.init(try SentencePieceEngine(serializedModel, name: name), serializedModel)
        }
    }

    private init(_ engine: SentencePieceEngine, _ serializedModel: Data) {
        self.serializedModel = serializedModel
        self.engine = .sentencePiece(engine)
        surfaces = engine.surfaces
        kinds = engine.model.pieces.map(\.kind)
        decodingRules = engine.decodingRules
        unknownID = engine.vocabulary.unknownID
        beginID = engine.controlID(engine.model.beginSpelling)
        endID = engine.controlID(engine.model.endSpelling)
        paddingID = engine.controlID(engine.model.paddingSpelling)
        beginTokenID = beginID
    }

    /// Opens the bytes of a Hugging Face `tokenizer.json`.
    ///
    /// Ids are those of the `tokenizers` library with `encode_special_tokens` (transformers' `split_special_tokens`): text that
    /// spells a special token stays text, added tokens that are not special are found in text.
    ///
    /// - Parameters:
    ///   - tokenizerJSON: The file's bytes.
    ///   - configuration: Which tokens begin and end texts, as the files beside it say.
    ///   - rows: Rows of the model's embedding table. Added tokens beyond it, which the model cannot use, are left out, such
    ///     as the image token of Gemma 3's text models; nil keeps all.
    ///   - name: What errors call the file.
    /// - Throws: `UserError` if the bytes are damaged or ask for something that is not supported; the message names it.
    public init(
        tokenizerJSON: Data, configuration: TokenizerConfiguration = TokenizerConfiguration(),
        rows: Int? = nil, name: String
    ) throws {
        let file = try TokenizerJSON(
            tokenizerJSON, configuration: configuration, rows: rows, name: name)
        let roles = try TokenRoles(file, configuration, rows: rows, name: name)
        serializedModel = file.data
        let engine = try BytePairEngine(file, name: name)
        self.engine = .bytePair(engine)
        surfaces = engine.surfaces
        kinds = engine.kinds
        decodingRules = engine.decodingRules
        unknownID = engine.unknownID
        (beginID, endID, paddingID, beginTokenID) = (roles.begin, roles.end, roles.padding, roles.beginToken)
    }
}
