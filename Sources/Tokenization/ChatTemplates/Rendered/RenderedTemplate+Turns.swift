import Jinja
import Support

/// The text of a message in a rendered chat.
struct RenderedTurn {
    /// Index of the message; nil for a `generation` block whose message is not known.
    let message: Int?
    /// From its first character to the beginning of what ends it: a token that begins there belongs to it.
    let range: Range<Int>
    /// Whether the assistant writes it.
    let isTarget: Bool
}

/// Where the messages of a rendered chat are.
///
/// A template with `{% generation %}` blocks says itself what the assistant writes. Of others the chat is rendered up to each
/// answer, with and without it: what the second has more than the first is what the model generates, up to the special tokens
/// with which the template ends the turn.
///
/// Templates write earlier turns otherwise than the last one: they drop the reasoning, or an empty `<think>` block. The turn
/// is then looked up by the characters that came from its message, and its beginning by what stands before them. It is a target
/// only if all of them are still there, and all of its content is: a model that reasons would otherwise be taught to answer
/// without.
extension RenderedTemplate {
    func turns(
        of messages: [Message], tools: [OrderedJSON], in chat: ChatRendering, _ tokenizer: Tokenizer,
        _ markers: MarkerSearch
    ) -> [RenderedTurn] {
        let finder = TurnFinder(
            template: self, messages: messages, tools: tools, chat: chat, tokenizer: tokenizer,
            markers: markers, hasOneEnd: hasOneEnd(with: tokenizer))
        let answers = chat.generations.isEmpty ? finder.answers : finder.generations
        return answers + finder.otherTurns
    }
}
