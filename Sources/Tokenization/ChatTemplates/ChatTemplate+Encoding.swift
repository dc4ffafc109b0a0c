import Support

extension ChatTemplate {
    /// Encodes a chat, so that no content can forge a marker.
    ///
    /// Of a model's own template the ids are those of transformers' `apply_chat_template(tokenize=True)`, unless a message spells
    /// a special token: there it becomes the token, here it stays text.
    ///
    /// - Parameters:
    ///   - tools: What the model may call, which a model's own template describes to it.
    ///   - addGenerationPrompt: Whether to end with the text before an assistant message, for the model to continue.
    /// - Throws: `UserError` if the vocabulary lacks a symbol of the template, or the template refuses the chat or is not
    ///   understood.
    public func encode(
        _ messages: [Message], tools: [OrderedJSON] = [], with tokenizer: Tokenizer,
        addGenerationPrompt: Bool = false
    ) throws -> EncodedChat {
        switch form {
        case .turns(let template):
            guard tools.isEmpty else {
                throw UserError(
                    "a chat with tools, which the chat template \(name ?? "") cannot describe",
                    hint: "use a model's own chat template", status: .dataFormat)
            }
            return try template.encode(messages, with: tokenizer, addGenerationPrompt: addGenerationPrompt)
        case .rendered(let template):
            return try template.encode(
                messages, tools: tools, with: tokenizer, addGenerationPrompt: addGenerationPrompt)
        }
    }

    /// The texts of a chat as `encode` encodes them: what the template puts into messages, such as spaces before them, included.
    ///
    /// - Throws: `UserError` if the template refuses the chat.
    public func contents(of messages: [Message], tools: [OrderedJSON] = []) throws -> [String] {
        switch form {
        case .turns(let template): template.contents(of: messages)
        case .rendered(let template): try template.contents(of: messages, tools: tools)
        }
    }

    /// The id after which an assistant's turn is over; nil if the vocabulary lacks a symbol of the template.
    public func endID(in tokenizer: Tokenizer) -> Int32? {
        switch form {
        case .turns(let template): template.endID(in: tokenizer)
        case .rendered(let template): template.endID(in: tokenizer)
        }
    }

    /// The ids after which an assistant's turn is over: what follows an answer, and the end of a sequence.
    public func stopIDs(in tokenizer: Tokenizer) -> Set<Int32> {
        Set([endID(in: tokenizer), tokenizer.endID].compactMap { $0 })
    }

    /// The ids that are never sampled in an assistant's turn: control, unknown and unused pieces and the symbols of turns, but not those that
    /// end its own.
    public func suppressedIDs(in tokenizer: Tokenizer) -> Set<Int32> {
        let markers = Set(symbols.compactMap { tokenizer.id(of: $0) })
        let ids = (0..<Int32(tokenizer.vocabularySize)).filter { id in
            markers.contains(id) || [.control, .unknown, .unused].contains(tokenizer.kind(of: id))
        }
        return Set(ids).subtracting(stopIDs(in: tokenizer))
    }

    /// The spaces before an answer that belong to its first token: the model generates them.
    public var answerPrefix: String {
        switch form {
        case .turns(let template): template.answerPrefix
        case .rendered(let template): template.answerPrefix
        }
    }

    /// The content of an answer, from the text that the model generated.
    public func answer(_ text: String) -> String {
        if case .turns(let template) = form { return template.answer(text) }
        let prefix = answerPrefix
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }
}
