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
/// answer, with and without it: what the second has more than the first is what the model generates, up to the first special
/// token behind the message, which ends its turn.
///
/// Templates write earlier turns otherwise than the last one: they drop the reasoning, or an empty `<think>` block. The turn
/// is then looked up by the characters that came from its message. It is a target only if all of them are still there, and all
/// of its content is: a model that reasons would otherwise be taught to answer without.
extension RenderedTemplate {
    func turns(
        of messages: [Message], tools: [OrderedJSON], in chat: ChatRendering, _ tokenizer: Tokenizer,
        _ markers: MarkerSearch
    ) -> [RenderedTurn] {
        let finder = TurnFinder(
            template: self, messages: messages, tools: tools, chat: chat, tokenizer: tokenizer,
            markers: markers)
        let answers = chat.generations.isEmpty ? finder.answers : finder.generations
        return answers + finder.otherTurns
    }
}

private struct TurnFinder {
    let template: RenderedTemplate
    let messages: [Message]
    let tools: [OrderedJSON]
    let chat: ChatRendering
    let tokenizer: Tokenizer
    let markers: MarkerSearch

    /// The assistant's messages.
    private var answered: [Int] { messages.indices.filter { messages[$0].role == .assistant } }

    /// The assistant's turns, where the template does not say what they are.
    var answers: [RenderedTurn] { answered.compactMap(answer) }

    /// The `generation` blocks, each with its message: the one whose text it has, or the one at its place where there are as many
    /// blocks as answers.
    var generations: [RenderedTurn] {
        let answers = answered
        let texts = answers.map { chat.range(of: Origin($0 + 1)) }
        return chat.generations.enumerated().map { index, block in
            let place = texts.firstIndex { $0?.overlaps(block) ?? false }
            let message =
                place.map { answers[$0] } ?? (answers.count == chat.generations.count ? answers[index] : nil)
            return RenderedTurn(message: message, range: block, isTarget: true)
        }
    }

    /// Turns of others whose tokens are left out of the loss; the place of the rest is not needed.
    var otherTurns: [RenderedTurn] {
        messages.indices.compactMap { index in
            guard messages[index].role != .assistant, !messages[index].isTrained,
                let range = chat.range(of: Origin(index + 1))
            else { return nil }
            let end = endOfTurn(after: range.upperBound, in: chat.writtenText(from: range.upperBound))
            return RenderedTurn(message: index, range: range.lowerBound..<end, isTarget: false)
        }
    }

    private func answer(_ index: Int) -> RenderedTurn? {
        let origin = Origin(index + 1)
        // Where nothing follows, the chat is its own last prefix.
        guard
            let answered = index + 1 == messages.count
                ? chat : rendering(index + 1, addGenerationPrompt: false),
            let prompt = rendering(index, addGenerationPrompt: true)
        else { return found(origin, index, before: [], after: nil) }
        let follows = answered.bytes.starts(with: prompt.bytes)
        let content = Self.visible(messages[index].content.utf8)
        guard let own = answered.range(of: origin) else {
            // An empty message has a place only where both texts agree up to it.
            let start = prompt.bytes.count
            guard content.isEmpty, follows, chat.bytes.starts(with: prompt.bytes) else { return nil }
            let end = endOfTurn(after: start, in: common(answered, start, start))
            return RenderedTurn(message: index, range: start..<end, isTarget: true)
        }
        let before =
            follows && prompt.bytes.count <= own.lowerBound
            ? answered.bytes[prompt.bytes.count..<own.lowerBound] : []
        // Markers of reasoning that a message has in its content are written by the template.
        let common = zip(answered.bytes, prompt.bytes).prefix { $0 == $1 }.count
        guard Self.visible(answered.bytes[min(common, own.lowerBound)..<own.upperBound]).contains(content),
            Self.visible(answered.text(of: origin)) == Self.visible(chat.text(of: origin))
        else { return nil }
        return found(origin, index, before: before, after: (answered, own.upperBound))
    }

    /// Text without spaces and line breaks, which templates trim.
    private static func visible(_ text: some Sequence<UInt8>) -> [UInt8] { text.filter { $0 > 0x20 } }

    /// The turn by the characters of its message.
    ///
    /// - Parameters:
    ///   - before: What the model generates before them.
    ///   - after: The chat that ends with the message, and where the message ends in it.
    private func found(
        _ origin: Origin, _ index: Int, before: ArraySlice<UInt8>, after: (ChatRendering, Int)?
    ) -> RenderedTurn? {
        guard let range = chat.range(of: origin) else { return nil }
        let isBefore = chat.bytes[..<range.lowerBound].suffix(before.count).elementsEqual(before)
        let following =
            after.map { common($0.0, $0.1, range.upperBound) } ?? chat.writtenText(from: range.upperBound)
        let start = range.lowerBound - (isBefore ? before.count : 0)
        let end = endOfTurn(after: range.upperBound, in: following)
        return RenderedTurn(message: index, range: start..<end, isTarget: true)
    }

    /// What the template writes behind a message, whatever follows it.
    private func common(_ answered: ChatRendering, _ end: Int, _ place: Int) -> ArraySlice<UInt8> {
        let (own, whole) = (answered.writtenText(from: end), chat.writtenText(from: place))
        let count = zip(own, whole).prefix { $0 == $1 }.count
        return whole.prefix(count)
    }

    /// Behind the beginning of what ends a turn: the first special token, or the first piece of what follows.
    private func endOfTurn(after end: Int, in following: ArraySlice<UInt8>) -> Int {
        guard !following.isEmpty else { return end }
        let text = MarkedText(bytes: Array(following), written: [0..<following.count])
        let special = markers.find(in: text).first(where: markers.isSpecial)
        return end + (special?.range.lowerBound ?? 0) + 1
    }

    private func rendering(_ count: Int, addGenerationPrompt: Bool) -> ChatRendering? {
        let text = try? template.render(
            Array(messages[..<count]), tools: tools, tokenizer, addGenerationPrompt: addGenerationPrompt)
        return text.map { ChatRendering($0) }
    }
}
