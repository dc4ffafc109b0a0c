import Tokenization

/// The ids that begin, end and fill sequences, as `config.json` and `generation_config.json` give them.
public struct SpecialTokens: Equatable, Sendable {
    /// Begins a sequence; nil for none.
    public var begin: Int32?
    /// Any of these ends a generated text.
    public var ends: [Int32]
    /// Fills batches; nil for none.
    public var padding: Int32?

    /// The special ids of a model.
    public init(begin: Int32? = nil, ends: [Int32] = [], padding: Int32? = nil) {
        self.begin = begin
        self.ends = ends
        self.padding = padding
    }

    /// The pieces that a trimmed vocabulary must keep for a model: these tokens, and what a chat template writes around messages.
    ///
    /// - Parameter template: Without effect where the vocabulary lacks its symbols.
    public func requiredIDs(of tokenizer: Tokenizer, template: ChatTemplate?) -> Set<Int32> {
        let ids = Set(ends + [begin, padding].compactMap { $0 })
        guard let template else { return ids }
        // With a system turn, and with what a template may write where there is none.
        let chats: [[Role]] = [[.system, .user, .assistant], [.user, .assistant]]
        return chats.reduce(into: ids.union(template.stopIDs(in: tokenizer))) { ids, roles in
            let messages = roles.map { Message(role: $0, content: "") }
            if let chat = try? template.encode(messages, with: tokenizer) { ids.formUnion(chat.ids) }
        }
    }

    func problems(in vocabularySize: Int) -> [String] {
        let all = [("bos_token_id", begin.map { [$0] } ?? []), ("eos_token_id", ends)]
        return all.flatMap { key, ids in
            ids.filter { $0 >= vocabularySize }.map {
                "\"\(key)\" \($0) is outside the vocabulary of \(vocabularySize)"
            }
        }
    }
}
