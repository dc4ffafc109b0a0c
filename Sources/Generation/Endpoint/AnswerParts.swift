import Support
import Tokenization

/// The message of an answer: `content` is a text, a list of parts, or null beside tool calls; reasoning has several names.
struct AnswerParts {
    var content = ""
    var reasoning = ""
    var toolCalls: [OrderedJSON] = []

    init(_ message: OrderedJSON) {
        switch message["content"] {
        case .string(let text)?: content = text
        case .array(let parts)?: add(parts)
        default: break
        }
        for name in ["reasoning_content", "reasoning", "thinking"] where reasoning.isEmpty {
            if case .string(let text)? = message[name] { reasoning = text }
        }
        if case .array(let calls)? = message["tool_calls"] { toolCalls = calls }
    }

    /// The answer of `/completions`; nil if there is none.
    init?(text: OrderedJSON?) {
        guard case .string(let text)? = text else { return nil }
        content = text
    }

    /// Text and reasoning as Mistral's and Anthropic's models have them.
    private mutating func add(_ parts: [OrderedJSON]) {
        for part in parts {
            switch part {
            case .string(let text): content += text
            case .object:
                if case .string(let text)? = part["text"] { content += text }
                switch part["thinking"] {
                case .string(let text)?: reasoning += text
                case .array(let inner)?:
                    for piece in inner { if case .string(let text)? = piece["text"] { reasoning += text } }
                default: break
                }
            default: break
            }
        }
    }

    /// The assistant's turn. Reasoning has one name, whatever the server calls it.
    var message: Message {
        var fields: [OrderedJSON.Member] = []
        if !reasoning.isEmpty { fields.append(.init("reasoning_content", .string(reasoning))) }
        if !toolCalls.isEmpty { fields.append(.init("tool_calls", .array(toolCalls))) }
        return Message(role: .assistant, content: content, fields: fields)
    }
}
