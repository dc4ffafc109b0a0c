import Tokenization

/// A message in the formats of common chat data sets:
///
/// - `role` and `content`, or ShareGPT's `from` (`human`, `gpt`, …) and `value`;
/// - a content is a text or a list of text parts, `{"type": "text", "text": …}`;
/// - whether it is trained on: `weight` (OpenAI, Mistral), `train`, `training` or `trainable` (axolotl), `loss` (ms-swift), and
///   inverted `mask` and `masked` (torchtune); true or false, 1 or 0.
///
/// A message that calls tools is refused: templates here do not render the call, so a model would be trained on an empty answer.
struct RecordMessage: Decodable {
    let message: Message

    private enum CodingKeys: String, CodingKey {
        case role, content, from, value
        case weight, train, training, trainable, loss, mask, masked
        case trainDetail = "train_detail"
        case toolCalls = "tool_calls"
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
        for key in [CodingKeys.toolCalls, .functionCall] where try present(key) {
            // Many files have an empty list of calls in every message.
            if try (try? container.decode([AnyJSON].self, forKey: key))?.isEmpty != true {
                throw RecordFault(
                    "\"\(path)\" calls tools (\"\(key.rawValue)\"), which chat templates here cannot write",
                    hint: "leave such chats out, or write the call into \"content\"")
            }
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
        let content = try container.decode(MessageContent.self, forKey: contentKey).text
        var isTrained = true
        for (key, isInverse) in Self.trainingFlags where try present(key) {
            let flag = try container.decode(TrainingFlag.self, forKey: key)
            if flag.isTrue == isInverse { isTrained = false }
        }
        message = Message(role: role, content: content, isTrained: isTrained)
    }
}

/// ShareGPT's names of roles.
private struct ShareGPTRole: Decodable {
    let role: Role

    private static let names: [String: Role] = [
        "system": .system, "human": .user, "user": .user, "gpt": .assistant, "assistant": .assistant,
        "chatgpt": .assistant, "bot": .assistant, "model": .assistant,
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

/// Any JSON value, which is not read.
private struct AnyJSON: Decodable {
    init(from decoder: any Decoder) throws {}
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
