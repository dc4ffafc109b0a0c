import Foundation
import Support

/// Which tokens of a `tokenizer.json` have a role, as the files of transformers beside it say.
///
/// Where `added_tokens_decoder` gives a token other flags than the `tokenizer.json`, or names a piece that the latter does not list
/// among its added tokens, it takes precedence, as in transformers; a token that either file calls special is special.
///
/// Read are `bos_token`, `eos_token`, `pad_token`, `unk_token`, `additional_special_tokens`, `add_bos_token`, `add_eos_token` and
/// `added_tokens_decoder` of `tokenizer_config.json`; the same tokens of `special_tokens_map.json` where the first names none; and
/// the tokens of `added_tokens.json`, which must be those of `tokenizer.json`.
public struct TokenizerConfiguration: Equatable, Sendable {
    /// Spellings of the tokens with these roles.
    public var beginToken, endToken, paddingToken, unknownToken: String?
    /// Other tokens that mark structure.
    public var specialTokens: [String] = []
    /// Whether texts begin with the begin token; nil where only the `tokenizer.json` says so.
    public var addsBegin: Bool?
    /// Tokens by their id, which the `tokenizer.json` must have.
    public var addedTokens: [Int: String] = [:]
    /// Tokens of `added_tokens_decoder` with their flags, by rising ids.
    var describedTokens: [AddedTokens.Token] = []
    /// The class that transformers opens the tokenizer with.
    var tokenizerClass: String?

    /// No roles but those that the `tokenizer.json` tells.
    public init() {}

    /// Names of the files.
    static let fileNames = (
        configuration: "tokenizer_config.json", map: "special_tokens_map.json", added: "added_tokens.json"
    )

    /// Reads the files of a directory; those that are not there say nothing.
    /// - Throws: `UserError` for a damaged file.
    public init(directory: URL) throws {
        func object(_ name: String) throws -> [String: JSONValue]? {
            let url = directory.appendingPathComponent(name)
            return try FileManager.default.exists(at: url) ? JSONValue.object(contentsOf: url) : nil
        }
        self.init(
            configuration: try object(Self.fileNames.configuration) ?? [:],
            specialTokensMap: try object(Self.fileNames.map) ?? [:],
            addedTokens: try object(Self.fileNames.added) ?? [:])
    }

    /// The contents of the three files.
    package init(
        configuration: [String: JSONValue], specialTokensMap: [String: JSONValue] = [:],
        addedTokens: [String: JSONValue] = [:]
    ) {
        func token(_ key: String) -> String? { Self.text(configuration[key] ?? specialTokensMap[key]) }
        (beginToken, endToken) = (token("bos_token"), token("eos_token"))
        (paddingToken, unknownToken) = (token("pad_token"), token("unk_token"))
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            if case .array(let list)? = configuration[key] ?? specialTokensMap[key] {
                specialTokens += list.compactMap(Self.text)
            }
        }
        if case .boolean(let adds)? = configuration["add_bos_token"] { addsBegin = adds }
        tokenizerClass = Self.text(configuration["tokenizer_class"])
        if case .object(let tokens)? = configuration["added_tokens_decoder"] {
            for (id, token) in tokens {
                guard let id = Int(id), let text = Self.text(token) else { continue }
                self.addedTokens[id] = text
                if let token = AddedTokens.Token(id: id, content: text, flags: token) {
                    describedTokens.append(token)
                }
            }
            describedTokens.sort { $0.id < $1.id }
        }
        for (text, id) in addedTokens { if case .integer(let id) = id { self.addedTokens[id] = text } }
    }

    /// A token, as a text or as an object with its content.
    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text)?: text.isEmpty ? nil : text
        case .object(let fields)?: text(fields["content"])
        default: nil
        }
    }

    /// Spellings of all tokens that mark structure.
    var allSpecialTokens: Set<String> {
        Set(specialTokens + [beginToken, endToken, paddingToken, unknownToken].compactMap { $0 })
    }
}

extension AddedTokens.Token {
    /// A token of `added_tokens_decoder`; nil if its id is none.
    fileprivate init?(id: Int, content: String, flags: JSONValue) {
        guard let id = Int32(exactly: id), case .object(let fields) = flags else { return nil }
        func flag(_ key: String) -> Bool? {
            if case .boolean(let value)? = fields[key] { value } else { nil }
        }
        let isSpecial = flag("special") ?? false
        self.init(
            id: id, content: content, stripsLeft: flag("lstrip") ?? false,
            stripsRight: flag("rstrip") ?? false, isSingleWord: flag("single_word") ?? false,
            isNormalized: flag("normalized") ?? !isSpecial, isSpecial: isSpecial)
    }
}

/// The ids with a role.
struct TokenRoles {
    var begin, end, padding, beginToken: Int32?

    init(
        _ file: TokenizerJSON, _ configuration: TokenizerConfiguration, rows: Int?, name: String
    ) throws {
        func id(_ spelling: String?, _ role: String) throws -> Int32? {
            guard let spelling else { return nil }
            guard let id = file.pieces.id(of: spelling) else {
                if let token = file.beyond.first(where: { $0.content == spelling }), let rows {
                    throw UserError(
                        "the \(role) is \(spelling.debugDescription), token \(token.id), but the model's embedding table has "
                            + "\(rows) rows", file: name,
                        hint: "the model was not resized for its added tokens: "
                            + "model.resize_token_embeddings(len(tokenizer)) in transformers does it")
                }
                throw UserError(
                    "the \(role) is \(spelling.debugDescription), which the vocabulary does not have",
                    file: name,
                    hint: "the files of a tokenizer must come from one model")
            }
            return id
        }
        for (id, spelling) in configuration.addedTokens.sorted(by: { $0.key < $1.key })
        where id < rows ?? .max {
            guard file.pieces.id(of: spelling) != Int32(exactly: id) else { continue }
            throw UserError(
                "token \(id) is \(spelling.debugDescription) in \(TokenizerConfiguration.fileNames.configuration) "
                    + "or \(TokenizerConfiguration.fileNames.added), but not here", file: name,
                hint: "the files of a tokenizer must come from one model")
        }
        beginToken = try id(configuration.beginToken, "bos_token") ?? file.template.begin
        end = try id(configuration.endToken, "eos_token") ?? file.template.end
        padding = configuration.paddingToken.flatMap { file.pieces.id(of: $0) }
        begin = file.template.begin ?? (configuration.addsBegin == true ? beginToken : nil)
    }
}
