import Support

/// The author of a message.
public enum Role: String, CaseIterable, Codable, Sendable {
    /// Instructions for the whole chat.
    case system
    /// The person who asks.
    case user
    /// The model.
    case assistant
    /// What a tool returned.
    case tool

    /// The roles that every template can write.
    static let turns: [Role] = [.system, .user, .assistant]

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let role = Role(rawValue: name) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "a role is system, user, assistant or tool, not \(name.debugDescription)"))
        }
        self = role
    }
}

/// One turn of a chat.
public struct Message: Equatable, Sendable {
    /// The author.
    public var role: Role
    /// The text, without markers.
    public var content: String
    /// Whether its tokens may be in the loss mask. False removes them, whatever the loss is computed on; true adds none.
    public var isTrained: Bool
    /// What a model's own chat template reads beside the text, in order: `tool_calls`, `reasoning_content`, `name` and the other
    /// `fieldNames`.
    public var fields: [OrderedJSON.Member]

    /// The keys of a message that templates read, beside `role` and `content`.
    public static let fieldNames = [
        "tool_calls", "tool_call_id", "name", "reasoning_content", "reasoning", "thinking",
    ]

    /// A message.
    ///
    /// - Parameter fields: What a model's own chat template reads beside the text; see `fieldNames`.
    public init(
        role: Role, content: String, isTrained: Bool = true, fields: [OrderedJSON.Member] = []
    ) {
        self.role = role
        self.content = content
        self.isTrained = isTrained
        self.fields = fields
    }

    /// The names of the tools that it calls; nil where it calls none.
    var calledTools: [String]? {
        guard let calls = fields.first(where: { $0.key == "tool_calls" })?.value else { return nil }
        guard case .array(let calls) = calls else { return [] }
        return calls.compactMap { call in
            if case .string(let name)? = call["function"]?["name"] ?? call["name"] { name } else { nil }
        }
    }

    /// Why prefixes and suffixes cannot write the message; nil if they can.
    var problemInTurns: String? {
        if role == .tool { return "is a tool's" }
        for field in fields {
            switch field.key {
            case "tool_calls": return "calls tools"
            case "reasoning_content", "reasoning", "thinking":
                return "has reasoning (\"\(field.key)\") beside its content"
            default: continue
            }
        }
        return nil
    }
}

/// `{"role": …, "content": …}`, the fields that templates read, and `"weight": 0` where it is not trained on, as OpenAI's
/// fine-tuning format has it.
extension Message: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        role = try container.decode(Role.self, forKey: Key("role"))
        content = try container.decode(String.self, forKey: Key("content"))
        isTrained = try container.decodeIfPresent(Double.self, forKey: Key("weight")) != 0
        fields = try Self.fieldNames.compactMap { name in
            try container.decodeIfPresent(OrderedJSON.self, forKey: Key(name)).map {
                OrderedJSON.Member(name, $0)
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(role, forKey: Key("role"))
        try container.encode(content, forKey: Key("content"))
        if !isTrained { try container.encode(0, forKey: Key("weight")) }
        for field in fields { try container.encode(field.value, forKey: Key(field.key)) }
    }
}
