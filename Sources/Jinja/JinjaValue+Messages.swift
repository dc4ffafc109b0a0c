extension JinjaValue {
    /// Names under which messages carry what an assistant thought. Templates read the first; gpt-oss's reads the second.
    private static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

    /// Messages as transformers' `apply_chat_template` gives them to a template (`_normalize_chat_messages` and
    /// `_alias_reasoning_fields` of transformers 5.24): keys whose value is none are dropped, and reasoning is found under
    /// `reasoning_content` and `thinking` whichever of its names a message has.
    ///
    /// - Throws: `JinjaError` of kind `runtime` if this is no list of dictionaries.
    public func preparedMessages() throws(JinjaError) -> JinjaValue {
        guard case .list(let messages) = self else {
            throw .runtime("messages are a list, not \(typeName)")
        }
        var prepared: [JinjaValue] = []
        for message in messages.values {
            guard case .map(let map) = message else {
                throw .runtime("each message is an object with keys, not \(message.typeName)")
            }
            prepared.append(.map(try map.preparedMessage(Self.reasoningNames)))
        }
        return try .list(prepared)
    }
}

extension JinjaMap {
    fileprivate func preparedMessage(_ names: [String]) throws(JinjaError) -> JinjaMap {
        var pairs = zip(keys, values).filter { !$0.1.isNone }.map { (key: $0, value: $1) }
        let given = names.lazy.compactMap { self[Array($0.utf8)] }.first { !$0.isNone }
        if let reasoning = given {
            // A message's own `thinking` stays, its place is the first.
            let thinking = self[Array(names[1].utf8)].flatMap { $0.isNone ? nil : $0 } ?? reasoning
            pairs.insert((.text(names[1]), thinking), at: 0)
            pairs.append((.text(names[0]), reasoning))
        } else if pairs.count == count {
            return self
        }
        return try JinjaMap(pairs)
    }
}
