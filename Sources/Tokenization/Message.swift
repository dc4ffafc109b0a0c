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
public struct Message: Codable, Equatable, Sendable {
    public var role: Role
    public var content: String

    public init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}
