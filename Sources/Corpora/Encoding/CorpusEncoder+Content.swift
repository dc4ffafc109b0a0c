import Tokenization

extension CorpusEncoder {
    /// For each message the range of its content among the record's tokens, without the markers around it; for a text, its
    /// one range.
    ///
    /// The range is empty where the tokens of a message depend on what follows it.
    ///
    /// - Throws: `UserError` if the vocabulary lacks a marker of the template
    public func contentRanges(_ record: CorpusRecord) throws -> [Range<Int>] {
        let all = try document(record).ids
        switch record {
        case .text: return [(tokenizer.beginID == nil ? 0 : 1)..<all.count - (tokenizer.endID == nil ? 0 : 1)]
        case .chat(let messages, let tools):
            return try messages.indices.map { index in
                let before = Array(messages[..<index])
                let whole = try template.encode(
                    before + [messages[index]], tools: tools, with: tokenizer
                ).ids
                let empty = try template.encode(
                    before + [Message(role: messages[index].role, content: "")], tools: tools, with: tokenizer
                ).ids
                guard all.starts(with: whole) else { return 0..<0 }
                let start = zip(whole, empty).prefix { $0 == $1 }.count
                let rest = min(whole.count, empty.count) - start
                let after = zip(whole.suffix(rest).reversed(), empty.suffix(rest).reversed())
                    .prefix { $0 == $1 }.count
                return start..<whole.count - after
            }
        }
    }

    /// The record with its content replaced by what `ids` decode to at the same positions. Messages that begin past the end of
    /// `ids` are left out.
    ///
    /// - Parameter ids: as many tokens as the record has, or fewer
    /// - Throws: as `contentRanges`
    public func record(_ record: CorpusRecord, reading ids: [Int32]) throws -> CorpusRecord {
        let contents = try contentRanges(record).map { range in
            // An empty last message is complete, not truncated.
            range.lowerBound < ids.count || range.isEmpty && range.lowerBound == ids.count
                ? try tokenizer.decode(Array(ids[range.clamped(to: 0..<ids.count)])) : nil
        }
        switch record {
        case .text: return .text(contents[0] ?? "")
        case .chat(let messages, let tools):
            return .chat(
                zip(messages, contents).compactMap { message, content in
                    content.map { Message(role: message.role, content: $0, isTrained: message.isTrained) }
                }, tools: tools)
        }
    }
}
