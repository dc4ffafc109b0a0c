import Jinja

/// What a model's own template writes around an answer, as a short chat shows it.
struct AnswerTurn: Sendable {
    /// The spaces before the answer's first word, which the model generates.
    let spaces: String
    /// The id after which the answer is over: the first special token behind it, or the first piece of what follows. Where a
    /// template writes nothing behind an answer, the special token with which the next turn begins.
    let endID: Int32?
    /// Whether the template ends the last answer as it ends earlier ones. Otherwise the beginning of another turn may stand there.
    let hasOneEnd: Bool

    /// - Returns: nil if the template refuses the chat, or leaves the answer out.
    init?(of template: RenderedTemplate, _ tokenizer: Tokenizer, _ markers: MarkerSearch) {
        let user = Message(role: .user, content: "x")
        let chat = [user, Message(role: .assistant, content: "x"), user]
        func rendering(_ count: Int, addGenerationPrompt: Bool) -> ChatRendering? {
            let text = try? template.render(
                Array(chat[..<count]), tools: [], tokenizer, addGenerationPrompt: addGenerationPrompt)
            return text.map { ChatRendering($0) }
        }
        guard let prompt = rendering(1, addGenerationPrompt: true),
            let whole = rendering(2, addGenerationPrompt: false), let answer = whole.range(of: Origin(2))
        else { return nil }
        let before =
            whole.bytes.starts(with: prompt.bytes) && prompt.bytes.count <= answer.lowerBound
            ? whole.bytes[prompt.bytes.count..<answer.lowerBound] : []
        spaces = before.allSatisfy { $0 == UInt8(ascii: " ") } ? String(decoding: before, as: UTF8.self) : ""
        let after = whole.writtenText(from: answer.upperBound)
        let next = rendering(3, addGenerationPrompt: false).flatMap { next in
            next.range(of: Origin(2)).map { next.writtenText(from: $0.upperBound) }
        }
        hasOneEnd = next?.starts(with: after) ?? false
        endID =
            after.isEmpty
            ? next.flatMap { markers.specials(in: $0).first?.id }
            : markers.specials(in: after).first?.id
                ?? tokenizer.encodeContent(String(decoding: after, as: UTF8.self), continuing: true).first
    }
}
