import Jinja
import Support

extension RenderedTemplate {
    /// Encodes a chat; see `ChatTemplate.encode`. Prompts, which end where an answer begins, have no loss mask.
    func encode(
        _ messages: [Message], tools: [OrderedJSON], with tokenizer: Tokenizer, addGenerationPrompt: Bool
    ) throws -> EncodedChat {
        let markers = try markers(of: tokenizer)
        let chat = ChatRendering(
            try render(messages, tools: tools, tokenizer, addGenerationPrompt: addGenerationPrompt))
        let turns =
            addGenerationPrompt ? [] : self.turns(of: messages, tools: tools, in: chat, tokenizer, markers)
        let cuts = Set(turns.flatMap { [$0.range.lowerBound, $0.range.upperBound] }).sorted()
        let (ids, starts) = tokenizer.encode(chat.marked, markers: markers, cuts: cuts)
        func mask(_ isIncluded: (RenderedTurn) -> Bool) -> [Bool] {
            var mask = [Bool](repeating: false, count: ids.count)
            for turn in turns where isIncluded(turn) {
                // A token that begins before the turn is not written in it.
                for index in starts.indices where turn.range.contains(starts[index]) { mask[index] = true }
            }
            return mask
        }
        return EncodedChat(
            ids: ids, assistantMask: mask(\.isTarget),
            untrainedMask: mask { $0.message.map { !messages[$0].isTrained } ?? false })
    }

    /// The texts of a chat between its special tokens.
    func contents(of messages: [Message], tools: [OrderedJSON]) throws -> [String] {
        guard let tokenizer = fittedTokenizer else { return messages.map(\.content) }
        let text = ChatRendering(try render(messages, tools: tools, tokenizer, addGenerationPrompt: false))
            .marked
        var (contents, end) = ([String](), 0)
        func append(_ range: Range<Int>) {
            if !range.isEmpty { contents.append(String(decoding: text.bytes[range], as: UTF8.self)) }
        }
        for found in try markers(of: tokenizer).find(in: text) {
            append(end..<found.range.lowerBound)
            end = found.range.upperBound
        }
        append(end..<text.bytes.count)
        return contents
    }
}
