import Jinja
import Support

/// Finds the turns of one rendered chat.
struct TurnFinder {
    let template: RenderedTemplate
    let messages: [Message]
    let tools: [OrderedJSON]
    let chat: ChatRendering
    let tokenizer: Tokenizer
    let markers: MarkerSearch
    /// Whether the template ends the last answer as it ends earlier ones. Otherwise the beginning of another turn may stand there.
    let hasOneEnd: Bool

    /// The assistant's messages.
    private var answered: [Int] { messages.indices.filter { messages[$0].role == .assistant } }

    /// The assistant's turns, where the template does not say what they are.
    var answers: [RenderedTurn] { answered.compactMap(answer) }

    /// The `generation` blocks, each with its message: the one whose text it has; the one at its place where there are as many
    /// blocks as answers; or the one whose text stands before it, such as that of a block with what ends the turn.
    var generations: [RenderedTurn] {
        let answers = answered
        let texts = answers.map { chat.range(of: Origin($0 + 1)) }
        return chat.generations.enumerated().map { index, block in
            let place =
                texts.firstIndex { $0?.overlaps(block) ?? false }
                ?? (answers.count == chat.generations.count ? index : nil)
            let previous = chat.lastInput(before: block.lowerBound).map { $0.origin.input - 1 }
            let message = place.map { answers[$0] } ?? previous.flatMap { answers.contains($0) ? $0 : nil }
            return RenderedTurn(message: message, range: block, isTarget: true)
        }
    }

    /// Turns of others whose tokens are left out of the loss; the place of the rest is not needed.
    var otherTurns: [RenderedTurn] {
        messages.indices.compactMap { index in
            guard messages[index].role != .assistant, !messages[index].isTrained,
                let range = chat.range(of: Origin(index + 1))
            else { return nil }
            return RenderedTurn(
                message: index, range: range.lowerBound..<endOfTurn(after: range.upperBound),
                isTarget: false)
        }
    }

    private func answer(_ index: Int) -> RenderedTurn? {
        let origin = Origin(index + 1)
        let asked = rendering(index, addGenerationPrompt: true)
        // Where nothing follows, the chat is its own last prefix.
        guard let prompt = asked,
            let answered = index + 1 == messages.count
                ? chat : rendering(index + 1, addGenerationPrompt: false)
        else {
            guard let range = chat.range(of: origin) else { return nil }
            let start = startOfTurn(before: range.lowerBound, prompt: asked, added: [])
            let end = endOfTurn(after: range.upperBound)
            return RenderedTurn(message: index, range: start..<end, isTarget: true)
        }
        let follows = answered.bytes.starts(with: prompt.bytes)
        let content = visible(messages[index].content.utf8)
        let calls = messages[index].calledTools
        guard let own = answered.range(of: origin) else {
            // An empty message has a place only where both texts agree up to it.
            let start = prompt.bytes.count
            guard content.isEmpty, calls == nil, follows, chat.bytes.starts(with: prompt.bytes) else {
                return nil
            }
            let end = endOfTurn(after: start, in: (answered, start), callsTools: false)
            return RenderedTurn(message: index, range: start..<end, isTarget: true)
        }
        // Markers of reasoning that a message has in its content are written by the template.
        let common = zip(answered.bytes, prompt.bytes).prefix { $0 == $1 }.count
        let said = visible(answered.text(of: origin))
        // Nor would an answer without its calls be one.
        guard visible(answered.bytes[min(common, own.lowerBound)..<own.upperBound]).contains(content),
            calls?.allSatisfy({ said.contains(visible($0.utf8)) }) ?? true,
            let range = chat.range(of: origin, showing: said)
        else { return nil }
        let added =
            follows && prompt.bytes.count <= own.lowerBound
            ? answered.bytes[prompt.bytes.count..<own.lowerBound] : []
        let start = startOfTurn(before: range.lowerBound, prompt: prompt, added: added)
        let end = endOfTurn(
            after: range.upperBound, in: (answered, own.upperBound), callsTools: calls != nil)
        return RenderedTurn(message: index, range: start..<end, isTarget: true)
    }

    /// Text without spaces and line breaks, which templates trim.
    private func visible(_ text: some Sequence<UInt8>) -> [UInt8] { text.filter { $0 > 0x20 } }

    private func rendering(_ count: Int, addGenerationPrompt: Bool) -> ChatRendering? {
        let text = try? template.render(
            Array(messages[..<count]), tools: tools, tokenizer, addGenerationPrompt: addGenerationPrompt)
        return text.map { ChatRendering($0) }
    }
}
