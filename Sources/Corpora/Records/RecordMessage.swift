import Support
import Tokenization

/// A message in the formats of common chat data sets:
///
/// - `role` and `content`, or ShareGPT's `from` (`human`, `gpt`, …) and `value`;
/// - a content is a text or a list of text parts, `{"type": "text", "text": …}`;
/// - whether it is trained on: `weight` (OpenAI, Mistral), `train`, `training` or `trainable` (axolotl), `loss` (ms-swift), and
///   inverted `mask` and `masked` (torchtune); true or false, 1 or 0.
///
/// What else templates read is kept: `tool_calls`, `reasoning_content` and the other `Message.fieldNames`. A message that calls
/// tools may have no content.
struct RecordMessage: Decodable {
    let message: Message

    private enum CodingKeys: String, CodingKey {
        case role, content, from, value
        case weight, train, training, trainable, loss, mask, masked
        case trainDetail = "train_detail"
        case toolCalls = "tool_calls"
        case toolCallID = "tool_call_id"
        case reasoningContent = "reasoning_content"
        case name, reasoning, thinking
        case functionCall = "function_call"
    }

    /// Keys that say whether a message is trained on.
    private static let trainingFlags: [(key: CodingKeys, isInverse: Bool)] = [
        (.weight, false), (.train, false), (.training, false), (.trainable, false), (.loss, false),
        (.mask, true), (.masked, true),
    ]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func present(_ key: CodingKeys) throws -> Bool {
            try container.contains(key) && !container.decodeNil(forKey: key)
        }
        let path = decoder.codingPath.jsonPath
        if try present(.functionCall) {
            throw RecordFault(
                "\"\(path)\" calls a function (\"function_call\"), the former form of tool calls",
                hint: "write it as \"tool_calls\": [{\"type\": \"function\", \"function\": {…}}]")
        }
        if try present(.trainDetail) {
            throw RecordFault(
                "\"\(path)\" has \"train_detail\": a message is trained on as a whole or not at all",
                hint: "give \"weight\": 1 or 0")
        }
        let isShareGPT = try !present(.role) && present(.from)
        let role =
            isShareGPT
            ? try container.decode(ShareGPTRole.self, forKey: .from).role
            : try container.decode(Role.self, forKey: .role)
        let contentKey: CodingKeys = try present(.value) && !present(.content) ? .value : .content
        var fields: [OrderedJSON.Member] = []
        for name in Message.fieldNames {
            guard let key = CodingKeys(rawValue: name), try present(key) else { continue }
            let value = try container.decode(OrderedJSON.self, forKey: key)
            // Many files have an empty list of calls, or empty reasoning, in every message.
            if value != .array([]), value != .string("") { fields.append(OrderedJSON.Member(name, value)) }
        }
        let callsTools = fields.contains { $0.key == "tool_calls" }
        let content =
            try callsTools && !present(contentKey)
            ? "" : try container.decode(MessageContent.self, forKey: contentKey).text
        var isTrained = true
        for (key, isInverse) in Self.trainingFlags where try present(key) {
            let flag = try container.decode(TrainingFlag.self, forKey: key)
            if flag.isTrue == isInverse { isTrained = false }
        }
        message = Message(role: role, content: content, isTrained: isTrained, fields: fields)
    }
}

/// ShareGPT's names of roles.
private struct ShareGPTRole: Decodable {
    let role: Role

    private static let names: [String: Role] = [
        "system": .system, "human": .user, "user": .user, "gpt": .assistant, "assistant": .assistant,
        "chatgpt": .assistant, "bot": .assistant, "model": .assistant, "tool": .tool, "observation": .tool,
    ]

    init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let role = Self.names[name.lowercased()] else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "\"from\" is system, human or gpt, not \(name.debugDescription)"))
        }
        self.role = role
    }
}

/// A text, or a list of text parts, which are concatenated.
private struct MessageContent: Decodable {
    let text: String

    private struct Part: Decodable {
        let type: String?
        let text: String?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard var parts = try? decoder.unkeyedContainer() else {
            text = try container.decode(String.self)
            return
        }
        var text = ""
        while !parts.isAtEnd {
            if let plain = try? parts.decode(String.self) {
                text += plain
                continue
            }
            let part = try parts.decode(Part.self)
            guard part.type ?? "text" == "text", let content = part.text else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription:
                            "only text can be read, not a part of type \((part.type ?? "none").debugDescription)"
                    ))
            }
            text += content
        }
        self.text = text
    }
}

/// True or false, or 1 or 0.
private struct TrainingFlag: Decodable {
    let isTrue: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            isTrue = flag
            return
        }
        guard let number = try? container.decode(Double.self), number == 0 || number == 1 else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a message is trained on or not: true or false, 1 or 0 is expected"))
        }
        isTrue = number == 1
    }
}

extension [any CodingKey] {
    /// `messages[2]`.
    fileprivate var jsonPath: String {
        reduce("") { path, key in
            if let index = key.intValue { return "\(path)[\(index)]" }
            return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
        }
    }
}
