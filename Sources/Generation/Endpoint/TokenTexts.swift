import Support
import Tokenization

/// Which token a server means by a text.
///
/// Servers name tokens by their texts, and several tokens can have the same: control tokens that are written as nothing, pieces that
/// end inside a character, of which servers leave out the incomplete part or write U+FFFD in its place. Such a text names no token.
package final class TokenTexts: Sendable {
    package let tokenizer: Tokenizer
    /// By text; `several` where more than one token has it.
    private let ids: [String: Int32]

    private static let several: Int32 = -1
    /// Written by servers that give ids in place of texts (vLLM's `return_tokens_as_token_ids`).
    static let idPrefix = "token_id:"

    package init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        var ids: [String: Int32] = [:]
        func add(_ isByte: Bool, unless taken: [String: Int32]) {
            for id in 0..<Int32(tokenizer.vocabularySize) where (tokenizer.kind(of: id) == .byte) == isByte {
                for text in Self.texts(of: id, tokenizer) where taken[text] == nil {
                    ids[text] = ids[text] == nil ? id : Self.several
                }
            }
        }
        add(false, unless: [:])
        // SentencePiece's bytes stand for characters that no piece has.
        add(true, unless: ids)
        self.ids = ids
    }

    /// The texts by which servers name a token.
    private static func texts(of id: Int32, _ tokenizer: Tokenizer) -> Set<String> {
        let spelling = tokenizer.piece(id)
        switch tokenizer.kind(of: id) {
        case .control, .unknown, .unused: return ["", spelling]
        default: break
        }
        let bytes = tokenizer.bytes(of: id)
        var texts: Set<String> = tokenizer.kind(of: id) == .byte ? [spelling] : []
        if let text = String(validating: bytes, as: UTF8.self) {
            texts.insert(text)
        } else {
            let replaced = String(decoding: bytes, as: UTF8.self)
            texts.insert(replaced)
            texts.insert(replaced.replacing("\u{FFFD}", with: ""))
        }
        return texts
    }

    /// The token with a text; nil for none and for several.
    func id(of text: String) -> Int32? {
        if text.hasPrefix(Self.idPrefix) {
            let id = Int32(text.dropFirst(Self.idPrefix.count)) ?? -1
            return (0..<Int32(tokenizer.vocabularySize)).contains(id) ? id : nil
        }
        return ids[text].flatMap { $0 == Self.several ? nil : $0 }
    }

    /// Whether a text may be that of another token, too, at a server that leaves out the space before a word, as decoding a single token
    /// with SentencePiece does.
    func losesSpace(_ text: String) -> Bool {
        guard tokenizer.isSentencePiece else { return false }
        return ids[text.hasPrefix(" ") ? String(text.dropFirst()) : " " + text] != nil
    }

    /// Whether a text is one of those by which servers name a token.
    func isText(_ text: String, of id: Int32) -> Bool {
        text == Self.idPrefix + String(id) || Self.texts(of: id, tokenizer).contains(text)
    }

    /// A text that a server tokenizes to these ids, if it reads control tokens in texts.
    ///
    /// - Parameter begin: whether the text begins with the spelling of a begin token that the ids begin with
    func prompt(of ids: [Int32], withBegin begin: Bool) -> String {
        var ids = ids[...]
        if !begin, ids.first == tokenizer.beginTokenID { ids.removeFirst() }
        var bytes: [UInt8] = []
        for id in ids {
            bytes +=
                tokenizer.kind(of: id) == .control ? Array(tokenizer.piece(id).utf8) : tokenizer.bytes(of: id)
        }
        // A tokenizer that puts a space before a text does so again.
        if tokenizer.addsDummyPrefix, bytes.first == 0x20 { bytes.removeFirst() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
