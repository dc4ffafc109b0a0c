import Tokenization

extension ChatTemplate {
    /// The text of the tokens of a chat that a student is trained on, a stretch each.
    func targets(_ messages: [Message], with tokenizer: Tokenizer) throws -> [String] {
        let chat = try encode(messages, with: tokenizer)
        return chat.ids.indices.split { !(chat.assistantMask[$0] && !chat.untrainedMask[$0]) }.map { range in
            range.map {
                tokenizer.kind(of: chat.ids[$0]) == .control
                    ? tokenizer.piece(chat.ids[$0])
                    : String(decoding: tokenizer.bytes(of: chat.ids[$0]), as: UTF8.self)
            }.joined()
        }
    }
}
