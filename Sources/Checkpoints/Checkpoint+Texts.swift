import Foundation
import Support
import Tokenization

extension Checkpoint {
    /// Whether a plain text begins with the tokenizer's begin token, as `add_bos_token` of its configuration says
    /// (`tokenizer.ggml.add_bos_token` of a GGUF file). Without that key it does: that is the default of the
    /// SentencePiece tokenizers of transformers and llama.cpp. False without such a token. A `tokenizer.json` says it itself.
    public var beginsTexts: Bool {
        guard let tokenizer, tokenizer.beginID != nil else { return false }
        guard tokenizer.isSentencePiece else { return true }
        if GGUFFile.isGGUF(url) {
            guard let file = try? GGUFFile(contentsOf: url) else { return true }
            var keys = GGUFKeys(file, architecture: "")
            return keys.boolean("tokenizer.ggml.add_bos_token", default: true)
        }
        guard let file = CheckpointFile.existing(CheckpointFile.tokenizerConfiguration, in: url),
            case .boolean(let begins)? = try? JSONValue.object(contentsOf: file)["add_bos_token"]
        else { return true }
        return begins
    }

    /// A digest of all that decides what the model makes of a record, its files and the chat template that is used, and of what is measured.
    ///
    /// - Throws: `UserError` if a file cannot be read.
    package func identity(measuring parts: String...) throws -> Fingerprint {
        let own = [try Self.fingerprint(at: url).hexadecimal, chatTemplate?.identity ?? ""]
        return Fingerprint(hashing: (own + parts).map { Data($0.utf8) })
    }
}
