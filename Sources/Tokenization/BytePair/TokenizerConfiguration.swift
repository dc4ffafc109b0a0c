import Foundation
import Support

/// Which tokens of a `tokenizer.json` have a role, as the files of transformers beside it say.
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
                if let id = Int(id), let text = Self.text(token) { self.addedTokens[id] = text }
            }
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

/// The ids with a role.
struct TokenRoles {
    var begin, end, padding, beginToken: Int32?

    init(
        _ file: TokenizerJSON, _ configuration: TokenizerConfiguration, rows: Int?, name: String
    ) throws {
        func id(_ spelling: String?, _ role: String) throws -> Int32? {
            guard let spelling else { return nil }
            guard let id = file.pieces.id(of: spelling) else {
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
