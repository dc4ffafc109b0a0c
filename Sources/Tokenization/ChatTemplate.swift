import Foundation
import Support

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

/// A chat as token ids.
public struct EncodedChat: Equatable, Sendable {
    public let ids: [Int32]
    /// For each id, whether it is the assistant's: the content of an assistant turn or its end marker. The
    /// role marker before it is not: it is given, not said.
    public let assistant: [Bool]
}

/// How a chat is written in tokens: the begin id, then for each message the marker of its role, its content
/// and the end marker.
///
/// ```
/// <s><|system|>Be brief.<|end|><|user|>What is 2 + 2?<|end|><|assistant|>4<|end|>
/// ```
public struct ChatTemplate: Equatable, Sendable {
    /// The template that students are trained with.
    public static let roleMarkers = ChatTemplate()

    /// The piece after each message.
    public let endMarker = "<|end|>"

    /// The piece before a message of a role.
    public func marker(of role: Role) -> String { "<|\(role.rawValue)|>" }

    /// The pieces a vocabulary needs for this template.
    public var symbols: [String] { Role.allCases.map(marker) + [endMarker] }

    /// The template in the language of `tokenizer_config.json`. It renders to the same ids, unless the content
    /// of a message spells a marker: there it becomes the marker's id, here it stays text.
    public var jinja: String {
        let roles = Role.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return """
            {{ bos_token }}{% for message in messages %}\
            {% if message['role'] not in [\(roles)] %}\
            {{ raise_exception('a role is system, user or assistant, not ' + message['role']) }}\
            {% endif %}\
            {{ '<|' + message['role'] + '|>' + message['content'] + '\(endMarker)' }}\
            {% endfor %}\
            {% if add_generation_prompt %}{{ '\(marker(of: .assistant))' }}{% endif %}
            """
    }

    /// The template whose `jinja` this is, up to white space at both ends.
    public static func recognise(jinja: String) -> ChatTemplate? {
        func trimmed(_ text: String) -> String {
            text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return trimmed(jinja) == trimmed(roleMarkers.jinja) ? roleMarkers : nil
    }

    /// Encodes a chat piece by piece, so that no content can forge a marker.
    ///
    /// - Parameter addGenerationPrompt: End with the assistant's marker, for the model to go on.
    ///
    /// Throws `UserError` if the vocabulary lacks a marker.
    public func encode(
        _ messages: [Message], with tokenizer: Tokenizer, addGenerationPrompt: Bool = false
    ) throws -> EncodedChat {
        let end = try markerID(endMarker, in: tokenizer)
        var ids: [Int32] = []
        var assistant: [Bool] = []
        /// Says of all new ids whether they are the assistant's.
        func mark(isAssistant: Bool) {
            assistant += repeatElement(isAssistant, count: ids.count - assistant.count)
        }
        if let begin = tokenizer.beginID { ids.append(begin) }
        for message in messages {
            ids.append(try markerID(marker(of: message.role), in: tokenizer))
            mark(isAssistant: false)
            tokenizer.appendContent(message.content, continuing: true, to: &ids)
            ids.append(end)
            mark(isAssistant: message.role == .assistant)
        }
        if addGenerationPrompt { ids.append(try markerID(marker(of: .assistant), in: tokenizer)) }
        mark(isAssistant: false)
        return EncodedChat(ids: ids, assistant: assistant)
    }

    /// The ids after which an assistant's turn is over: the end marker and the end of a sequence.
    public func stopIDs(in tokenizer: Tokenizer) -> Set<Int32> {
        Set([try? markerID(endMarker, in: tokenizer), tokenizer.endID].compactMap { $0 })
    }

    /// The ids that an assistant never says: control, unknown and unused pieces and the markers of roles, but not those
    /// that end its turn.
    public func neverSaid(in tokenizer: Tokenizer) -> Set<Int32> {
        let markers = Set(Role.allCases.compactMap { tokenizer.id(of: marker(of: $0)) })
        let ids = (0..<Int32(tokenizer.vocabularySize)).filter { id in
            markers.contains(id) || [.control, .unknown, .unused].contains(tokenizer.kind(of: id))
        }
        return Set(ids).subtracting(stopIDs(in: tokenizer))
    }

    /// The id of a marker; it must be a piece that text cannot be mistaken for.
    private func markerID(_ marker: String, in tokenizer: Tokenizer) throws -> Int32 {
        guard let id = tokenizer.id(of: marker), [.userDefined, .control].contains(tokenizer.kind(of: id))
        else {
            throw UserError(
                "the vocabulary has no symbol \(marker)",
                remedy: "train it with the symbols \(symbols.joined(separator: " "))")
        }
        return id
    }
}
