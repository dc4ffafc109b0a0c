/// The author of a message.
public enum Role: String, CaseIterable, Codable, Sendable {
    /// Instructions for the whole chat.
    case system
    /// The person who asks.
    case user
    /// The model.
    case assistant

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let role = Role(rawValue: name) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a role is system, user or assistant, not \(name.debugDescription)"))
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

    /// A message.
    public init(role: Role, content: String, isTrained: Bool = true) {
        self.role = role
        self.content = content
        self.isTrained = isTrained
    }
}

/// `{"role": …, "content": …}`, and `"weight": 0` where it is not trained on, as OpenAI's fine-tuning format has it.
extension Message: Codable {
    private enum CodingKeys: String, CodingKey { case role, content, weight }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        role = try container.decode(Role.self, forKey: .role)
        content = try container.decode(String.self, forKey: .content)
        isTrained = try container.decodeIfPresent(Double.self, forKey: .weight) != 0
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(role, forKey: .role)
        try container.encode(content, forKey: .content)
        if !isTrained { try container.encode(0, forKey: .weight) }
    }
}
