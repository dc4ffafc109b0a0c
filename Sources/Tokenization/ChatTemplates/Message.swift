/// Who says a message.
public enum Role: String, CaseIterable, Codable, Sendable {
    case system, user, assistant

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
    public var role: Role
    public var content: String
    /// Whether its tokens may be targets of the loss. False takes them out of the loss mask whatever the mask is of; true
    /// adds nothing to it.
    public var isTrained: Bool

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
