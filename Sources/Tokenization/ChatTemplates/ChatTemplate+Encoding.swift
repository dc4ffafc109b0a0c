import Support

/// A chat as token ids.
public struct EncodedChat: Equatable, Sendable {
    /// The token ids of the whole chat.
    public let ids: [Int32]
    /// For each id, whether the assistant writes it: the content of an assistant turn and the piece that ends the turn, but not
    /// the role marker before it.
    public let assistantMask: [Bool]
    /// For each id, whether it belongs to a message that is excluded from the loss, or ends such a message.
    public let untrainedMask: [Bool]
}

extension ChatTemplate {
    /// Encodes a chat piece by piece, so that no content can forge a marker.
    ///
    /// Spaces before a message are encoded with its first word, as the model will write them.
    ///
    /// - Parameter addGenerationPrompt: Whether to end with the text before an assistant message, for the model to continue.
    /// - Throws: `UserError` if the vocabulary lacks a symbol of the template, or the template is a model's own that is not
    ///   known.
    public func encode(
        _ messages: [Message], with tokenizer: Tokenizer, addGenerationPrompt: Bool = false
    ) throws -> EncodedChat {
        try requireKnown()
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
    public func contents(of messages: [Message]) -> [String] {
        turns(messages).map { Self.partingSpaces($1.before).spaces + $0.content }
    }

    /// - Throws: `UserError` if this is a model's own template that is not known.
    public func requireKnown() throws {
        guard let foreign else { return }
        throw UserError(
            foreign.problem,
            hint: "name the template that chats are to be written with: chat_template in a recipe, "
                + "--chat-template in a command", status: .configuration)
    }

    /// Whether chats can be written with it; false for a model's own template that is not known.
    public var isKnown: Bool { foreign == nil }

    /// The id after which an assistant's turn is over; nil if the vocabulary lacks a symbol of the template.
    public func endID(in tokenizer: Tokenizer) -> Int32? {
        guard let symbols = try? symbolIDs(in: tokenizer) else { return nil }
        switch foreign == nil ? Self.parts(of: assistant.after[...], symbols).first : nil {
        case .symbol(let id): return id
        case .text(let text): return tokenizer.encodeContent(String(text), continuing: true).first
        case nil: return nil
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
                hint: name == Self.roleMarkers.name
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
