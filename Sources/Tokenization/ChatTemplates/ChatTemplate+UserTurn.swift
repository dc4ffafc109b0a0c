import Support

/// The beginning of a user's turn, for a model to write it, and what ends it.
public struct UserTurnOpening: Equatable, Sendable {
    /// The tokens of a chat up to where the content of the turn begins.
    public let ids: [Int32]
    /// The ids after which the turn is over.
    public let stopIDs: Set<Int32>
    /// What the template writes behind the turn, where that is text and no id of its own.
    public let stop: [String]

    /// An opening.
    package init(ids: [Int32], stopIDs: Set<Int32>, stop: [String]) {
        (self.ids, self.stopIDs, self.stop) = (ids, stopIDs, stop)
    }
}

extension ChatTemplate {
    /// The beginning of a user's turn behind some messages.
    ///
    /// A template is asked for turns of different contents: what they have in common before the content is the beginning. Spaces before the
    /// first word belong to its token and are left to the model.
    ///
    /// - Parameter messages: what precedes the turn; none for the first turn of a chat
    /// - Throws: `UserError` as `encode`, and where the template leaves a user's content out
    public func userTurn(after messages: [Message], with tokenizer: Tokenizer) throws -> UserTurnOpening {
        let chats = try Self.probes.map { content in
            try encode(
                messages + [Message(role: .user, content: content)], with: tokenizer,
                addGenerationPrompt: true
            ).ids
        }
        let first = chats[0]
        let shortest = chats.map(\.count).min() ?? 0
        func agree(_ id: ([Int32]) -> Int32) -> Bool { chats.allSatisfy { id($0) == id(first) } }
        let start = (0..<shortest).prefix { index in agree { $0[index] } }.count
        let after = (0..<shortest - start).prefix { index in agree { $0[$0.count - 1 - index] } }.count
        guard start + after < first.count else {
            throw UserError(
                "the chat template leaves the content of a user's turn out",
                hint: "use another template, or another source of prompts", status: .configuration)
        }
        let rest = first.suffix(after)
        let markers = Set(symbols.compactMap { tokenizer.id(of: $0) })
        func isMarker(_ id: Int32) -> Bool {
            markers.contains(id) || [.control, .userDefined].contains(tokenizer.kind(of: id))
        }
        let text = try tokenizer.decode(Array(rest.prefix { !isMarker($0) }))
        let stop = text.split(whereSeparator: \.isWhitespace).first.map(String.init)
        // Whatever else begins: a model that opens another turn has ended this one.
        let ends = Set(rest.first(where: isMarker).map { [$0] } ?? []).union(markers)
        // A space is a part of the first word's token, also where a probe's token has none.
        let opening = first.prefix(start).reversed().drop { id in
            !isMarker(id) && !tokenizer.bytes(of: id).isEmpty
                && tokenizer.bytes(of: id).allSatisfy { $0 == 0x20 }
        }
        return UserTurnOpening(
            ids: opening.reversed(), stopIDs: ends.union(stopIDs(in: tokenizer)),
            stop: stop.map { [$0] } ?? [])
    }

    /// Contents whose first tokens differ, and their last ones.
    private static let probes = ["A", "What", "3", "?"]
}
