import Support

extension TurnTemplate {
    /// Encodes a chat piece by piece, so that no content can forge a marker.
    ///
    /// Spaces before a message are encoded with its first word, as the model will write them.
    ///
    /// - Parameter addGenerationPrompt: Whether to end with the text before an assistant message, for the model to continue.
    /// - Throws: `UserError` if the vocabulary lacks a symbol of the template, or a message is a tool's, calls one or has
    ///   reasoning apart.
    func encode(
        _ messages: [Message], with tokenizer: Tokenizer, addGenerationPrompt: Bool = false
    ) throws -> EncodedChat {
        try requirePlain(messages)
        let symbols = try symbolIDs(in: tokenizer)
        var chat = (
            ids: begins ? tokenizer.beginID.map { [$0] } ?? [] : [], assistantMask: [Bool](),
            untrainedMask: [Bool]()
        )
        /// Extends both masks by false for all new ids.
        func maskOut() {
            chat.assistantMask += repeatElement(false, count: chat.ids.count - chat.assistantMask.count)
            chat.untrainedMask += repeatElement(false, count: chat.ids.count - chat.untrainedMask.count)
        }
        func append(_ text: Substring) {
            // What follows a begin id is a text's beginning.
            let isBeginning = chat.ids.isEmpty || chat.ids.last == tokenizer.beginID
            tokenizer.appendContent(String(text), continuing: !isBeginning, to: &chat.ids)
        }
        func append(markup: Substring) {
            for part in Self.parts(of: markup, symbols) {
                switch part {
                case .text(let text): append(text)
                // A template may begin the first turn as it does the others.
                case .symbol(let id) where id == tokenizer.beginID && chat.ids == [id]: break
                case .symbol(let id): chat.ids.append(id)
                }
            }
        }
        for (message, turn) in turns(messages) {
            let (before, spaces) = Self.partingSpaces(turn.before)
            append(markup: before)
            maskOut()
            append(spaces + message.content)
            // The assistant writes the first piece of what follows too: it ends the turn.
            let end = chat.ids.count
            append(markup: turn.after[...])
            let range = chat.assistantMask.count..<chat.ids.count
            chat.assistantMask += range.map { message.role == .assistant && $0 <= end }
            chat.untrainedMask += range.map { !message.isTrained && $0 <= end }
        }
        if addGenerationPrompt { append(markup: Self.partingSpaces(assistant.before).before) }
        maskOut()
        return EncodedChat(
            ids: chat.ids, assistantMask: chat.assistantMask, untrainedMask: chat.untrainedMask)
    }

    /// The texts of messages as `encode` encodes them, spaces before them and what the template puts into them included.
    func contents(of messages: [Message]) -> [String] {
        turns(messages).map { Self.partingSpaces($1.before).spaces + $0.content }
    }

    /// Refuses what prefixes and suffixes cannot write.
    private func requirePlain(_ messages: [Message]) throws {
        for (index, message) in messages.enumerated() {
            guard let problem = message.problemInTurns else { continue }
            throw UserError(
                "message \(index + 1) \(problem), which the chat template \(name.map { "\($0) " } ?? "")cannot write",
                hint: "use a model's own chat template, leave such chats out, or write it into \"content\"",
                status: .dataFormat)
        }
    }

    /// The id after which an assistant's turn is over; nil if the vocabulary lacks a symbol of the template.
    func endID(in tokenizer: Tokenizer) -> Int32? {
        guard let symbols = try? symbolIDs(in: tokenizer) else { return nil }
        switch Self.parts(of: assistant.after[...], symbols).first {
        case .symbol(let id): return id
        case .text(let text): return tokenizer.encodeContent(String(text), continuing: true).first
        case nil: return nil
        }
    }

    /// The id of each symbol; it must be a piece that text cannot be mistaken for.
    private func symbolIDs(in tokenizer: Tokenizer) throws -> [(symbol: String, id: Int32)] {
        let ids = symbols.map { symbol in
            tokenizer.id(of: symbol).flatMap {
                [.userDefined, .control].contains(tokenizer.kind(of: $0)) ? $0 : nil
            }
        }
        let missing = zip(symbols, ids).filter { $1 == nil }.map(\.0)
        guard missing.isEmpty else {
            throw UserError(
                "the vocabulary has no symbol \(missing.joined(separator: ", "))",
                hint: name == Self.roleMarkersName
                    ? "train it with the symbols \(symbols.joined(separator: " ")), or name the model's chat_template"
                    : "choose a chat template of the model's own")
        }
        return zip(symbols, ids).map { ($0, $1!) }
    }

    private enum Part { case text(Substring), symbol(Int32) }

    /// Divides markup at the symbols it spells.
    private static func parts(of markup: Substring, _ symbols: [(symbol: String, id: Int32)]) -> [Part] {
        var parts: [Part] = []
        var (rest, start) = (markup, markup.startIndex)
        while start < markup.endIndex {
            let found = symbols.filter { markup[start...].hasPrefix($0.symbol) }
                .max { $0.symbol.utf8.count < $1.symbol.utf8.count }
            guard let found else {
                start = markup.index(after: start)
                continue
            }
            if rest.startIndex < start { parts.append(.text(rest[..<start])) }
            parts.append(.symbol(found.id))
            start = markup.index(start, offsetBy: found.symbol.count)
            rest = markup[start...]
        }
        if !rest.isEmpty { parts.append(.text(rest)) }
        return parts
    }

    /// Spaces at the end of a text, apart.
    private static func partingSpaces(_ text: String) -> (before: Substring, spaces: Substring) {
        let end = text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex
        return (text[..<end], text[end...])
    }
}
