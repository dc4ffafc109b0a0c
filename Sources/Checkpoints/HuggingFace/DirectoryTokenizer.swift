import Foundation
import Support
import Tokenization

/// The tokenizer of a Hugging Face directory: `tokenizer.model` and the tokens that were added to it later, else `tokenizer.json`, else
/// Mistral's `tekken.json`.
///
/// transformers keeps added tokens in `tokenizer_config.json` (`added_tokens_decoder`) and, before version 4.34, in
/// `added_tokens.json`; from version 5 on, a `tokenizer.json` alone has them. Phi-3's role markers are such tokens. Here they are pieces behind the others: control pieces where they
/// are special, user-defined symbols else. A `tokenizer.json` has them itself.
struct DirectoryTokenizer {
    private enum Contents {
        /// A SentencePiece model with the added tokens.
        case sentencePiece(Data)
        case opened(Tokenizer)
    }

    private let contents: Contents
    /// How messages name it.
    private let name: String
    /// Pieces, the added ones among them.
    let count: Int

    private struct Added {
        var spelling: String
        var isSpecial: Bool
    }

    /// Names of files beside `tokenizer.model` that are read.
    private static let addedTokens = "added_tokens.json"
    private static let specialTokens = "special_tokens_map.json"
    /// Embedding tables are padded to multiples of at most this many rows (Megatron: 128 times the tensor-parallel degree).
    private static let mostPadding = 1024
    /// As the model's shape is bounded.
    private static let largestID = 1 << 24

    /// - Parameter rows: Of the embedding table: added tokens beyond it cannot be used and are left out; nil if not known.
    /// - Returns: nil if the directory has none of these files
    /// - Throws: `UserError` if a file is damaged or they contradict each other.
    init?(directory: URL, rows: Int?) throws {
        if let file = CheckpointFile.existing(CheckpointFile.tokenizer, in: directory) {
            try self.init(sentencePiece: file, in: directory, rows: rows)
        } else if let file = CheckpointFile.existing(CheckpointFile.fastTokenizer, in: directory) {
            let tokenizer = try Tokenizer(
                tokenizerJSON: ConfigurationFile.read(file, atMost: Tokenizer.largestFile),
                configuration: TokenizerConfiguration(directory: directory), rows: rows,
                name: file.relativePath)
            self.init(
                contents: .opened(tokenizer), name: file.relativePath, count: tokenizer.vocabularySize)
        } else if let file = CheckpointFile.existing(Tokenizer.tekkenName, in: directory) {
            try self.init(opening: file)
        } else {
            return nil
        }
    }

    /// A file that has all of its tokens.
    private init(opening file: URL) throws {
        let tokenizer = try Tokenizer(contentsOf: file)
        self.init(contents: .opened(tokenizer), name: file.relativePath, count: tokenizer.vocabularySize)
    }

    private init(contents: Contents, name: String, count: Int) {
        (self.contents, self.name, self.count) = (contents, name, count)
    }

    private init(sentencePiece file: URL, in directory: URL, rows: Int?) throws {
        let data = try ConfigurationFile.read(file, atMost: Tokenizer.largestFile)
        // Llama 3's and 4's own releases.
        if BytePairModel.isTiktoken(data) {
            try self.init(opening: file)
            return
        }
        let name = file.relativePath
        let spellings = try SentencePieceModel.spellings(data, name: name)
        var pieces: [SentencePieceModel.Piece] = []
        for (id, token) in try Self.addedTokens(in: directory).sorted(by: { $0.key < $1.key }) {
            // A vocabulary has ▁ for the spaces of a symbol; special tokens are not made of text.
            let symbol = token.spelling.replacing(" ", with: "\u{2581}")
            let spelling = token.isSpecial ? token.spelling : symbol
            if id < spellings.count {
                // Bytes are compared: Swift's == takes é and e + ´ for the same.
                guard
                    [symbol, token.spelling].contains(where: { $0.utf8.elementsEqual(spellings[id].utf8) })
                else {
                    throw UserError(
                        "the added token \(id) is \(token.spelling.debugDescription), but "
                            + "\(CheckpointFile.tokenizer) has \(spellings[id].debugDescription) there",
                        file: directory.relativePath, hint: "the files must come from one model")
                }
                continue
            }
            guard rows.map({ id < $0 }) ?? true else { break }
            while spellings.count + pieces.count < id {
                // Ids that nothing spells; llama.cpp's converters name them alike.
                pieces.append(
                    .init(spelling: "[PAD\(spellings.count + pieces.count)]", score: 0, kind: .control))
            }
            pieces.append(
                .init(spelling: spelling, score: 0, kind: token.isSpecial ? .control : .userDefined))
        }
        self.init(
            contents: .sentencePiece(SentencePieceModel.appending(pieces, to: data)), name: name,
            count: spellings.count + pieces.count)
    }

    /// Opens the tokenizer.
    /// - Throws: `UserError` if it is damaged.
    func tokenizer() throws -> Tokenizer {
        switch contents {
        case .sentencePiece(let model): try Tokenizer(serializedModel: model, name: name)
        case .opened(let tokenizer): tokenizer
        }
    }

    /// Checks that the pieces are those of an embedding table.
    ///
    /// A table may have some rows more: it was padded to a round number, and no text becomes them.
    ///
    /// - Throws: `UserError` if the table is smaller than the vocabulary, or so much larger that the two are of different models.
    func check(rows: Int, directory: URL) throws {
        guard count > rows || rows - count > Self.mostPadding else { return }
        throw UserError(
            "\(URL(filePath: name).lastPathComponent) has \(count) pieces, but the model's vocabulary has \(rows)",
            file: directory.relativePath, hint: "the two must come from one model")
    }

    // MARK: - Added tokens

    private static func addedTokens(in directory: URL) throws -> [Int: Added] {
        var tokens: [Int: Added] = [:]
        var special: Set<String> = []
        if let file = CheckpointFile.existing(CheckpointFile.tokenizerConfiguration, in: directory) {
            let object = try JSONValue.object(contentsOf: file)
            special.formUnion(specialSpellings(object))
            tokens = try decoderTokens(object, file: file)
        }
        guard let file = CheckpointFile.existing(addedTokens, in: directory) else {
            guard tokens.isEmpty,
                let file = CheckpointFile.existing(CheckpointFile.fastTokenizer, in: directory)
            else { return tokens }
            let data = try ConfigurationFile.read(file, atMost: Tokenizer.largestFile)
            return try Tokenizer.addedTokens(ofTokenizerJSON: data, name: file.relativePath).mapValues {
                Added(spelling: $0.spelling, isSpecial: $0.isSpecial || special.contains($0.spelling))
            }
        }
        if let map = CheckpointFile.existing(specialTokens, in: directory) {
            special.formUnion(specialSpellings(try JSONValue.object(contentsOf: map)))
        }
        for (spelling, value) in try JSONValue.object(contentsOf: file) {
            guard case .integer(let id) = value, (0..<largestID).contains(id) else {
                throw UserError(
                    "\(spelling.debugDescription) is \(value.text)", file: file.relativePath,
                    hint: "a token id is expected")
            }
            if let known = tokens[id], known.spelling != spelling {
                throw UserError(
                    "token \(id) is \(spelling.debugDescription), but \(known.spelling.debugDescription) in "
                        + CheckpointFile.tokenizerConfiguration, file: file.relativePath,
                    hint: "the files must come from one model")
            }
            if tokens[id] == nil {
                tokens[id] = Added(spelling: spelling, isSpecial: special.contains(spelling))
            }
        }
        return tokens
    }

    /// `added_tokens_decoder`: ids, and what each spells.
    private static func decoderTokens(_ object: [String: JSONValue], file: URL) throws -> [Int: Added] {
        guard case .object(let entries)? = object["added_tokens_decoder"] else { return [:] }
        var tokens: [Int: Added] = [:]
        for (key, value) in entries {
            guard let id = Int(key), (0..<largestID).contains(id), case .object(let fields) = value,
                case .string(let spelling)? = fields["content"], !spelling.isEmpty
            else {
                throw UserError(
                    "\"added_tokens_decoder\" has \"\(key)\": \(value.text)", file: file.relativePath,
                    hint: "a token id and an object with its content are expected")
            }
            tokens[id] = Added(spelling: spelling, isSpecial: fields["special"] == .boolean(true))
        }
        return tokens
    }

    /// The tokens that have a role, as strings or as objects with their content.
    private static func specialSpellings(_ object: [String: JSONValue]) -> [String] {
        func text(_ value: JSONValue?) -> String? {
            switch value {
            case .string(let text)?: text
            case .object(let fields)?: text(fields["content"])
            default: nil
            }
        }
        var spellings = ["bos_token", "eos_token", "unk_token", "pad_token"].compactMap { text(object[$0]) }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            if case .array(let list)? = object[key] { spellings += list.compactMap(text) }
        }
        return spellings
    }
}
