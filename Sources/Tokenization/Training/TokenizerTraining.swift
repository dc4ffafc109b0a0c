import CSentencePiece
import Foundation
import Support

/// Options for training a SentencePiece vocabulary.
///
/// The defaults make encoding reversible: no character is rewritten but U+2581 (see `SpaceSymbol`), no space is added or
/// dropped, and characters without a piece are spelled in bytes. Without a space before every text, text after a role marker
/// has the same ids whether it is encoded alone or inside a chat.
///
/// The same sentences in the same order give the same bytes on every machine.
public struct TokenizerTraining: Sendable {
    /// How the vocabulary segments text.
    public var kind = TokenizerKind.unigram
    /// The number of pieces to reach, everything included: 3 control and unknown pieces, 256 byte pieces, the
    /// symbols. A small corpus may end with fewer.
    public var vocabularySize = 4096
    /// Whether characters without a piece are spelled in bytes, so that no text is unknown.
    public var hasByteFallback = true
    /// Kept whole wherever they occur; at least the markers of the chat template.
    public var userDefinedSymbols = ChatTemplate.roleMarkers.symbols
    /// The fraction of the corpus's characters, 0.98 to 1, that get a piece of their own.
    public var characterCoverage: Float = 0.9995
    /// Whether each digit is a piece of its own.
    public var splitsDigits = true
    /// Put a space before every text, as older Llama vocabularies do.
    public var addsDummyPrefix = false

    /// The defaults with a kind and a size.
    public init(kind: TokenizerKind = .unigram, vocabularySize: Int = 4096) {
        self.kind = kind
        self.vocabularySize = vocabularySize
    }

    /// Trains on sentences and returns the bytes of a `.model` file.
    ///
    /// A sentence is a line or a paragraph: pieces never reach over its end. Empty ones are skipped.
    ///
    /// - Throws: `UserError` if an option is out of range or the sentences hold too little text.
    public func train(_ sentences: some Sequence<String>) throws -> Data {
        try validate()
        let buffer = SentenceBuffer(sentences)
        guard !buffer.ends.isEmpty else {
            throw UserError(
                "there is no text to train a tokenizer on", hint: "give files with at least one line")
        }
        var model: UnsafeMutableRawPointer?
        var length = 0
        let message = withOptions { options in
            buffer.bytes.withUnsafeBytes { bytes in
                sp_train(
                    options.baseAddress, options.count, bytes.bindMemory(to: CChar.self).baseAddress,
                    buffer.ends, buffer.ends.count, &model, &length)
            }
        }
        if let message {
            defer { sp_free(message) }
            throw failure(String(cString: message))
        }
        defer { sp_free(model) }
        return Data(bytes: model!, count: length)
    }
}
