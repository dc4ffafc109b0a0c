import Corpora
import Foundation
import Support
import Tokenization

/// The user's next turn in chats that end with an answer: the model reads the chat and writes it as the user.
///
/// Answering the turns and continuing the chats again gives chats of any number of turns.
public struct ContinuationWriter: PromptWriter {
    /// Asks for the turn: the slot `chat`.
    public static let standardInstruction = """
        This is a chat between a user and an assistant.

        {chat}

        Write the user's next message, in the user's words: what this user would ask or say after the last answer. Do not \
        repeat an earlier message. Write only the message.
        """

    /// The slots of the instruction.
    public static let slots = ["chat"]

    private let chats: [AnsweredChat]
    private let instruction: PromptTemplate?

    /// - Parameters:
    ///   - chats: the chats
    ///   - instruction: asks for the turn; nil lets the model's chat template open it, as `MagpieWriter` does
    public init(_ chats: [AnsweredChat], instruction: PromptTemplate?) {
        (self.chats, self.instruction) = (chats, instruction)
    }

    /// A request for each chat.
    public var requests: [[Message]] {
        chats.map { chat in
            guard let instruction else { return chat.messages }
            let turns = chat.messages.filter { $0.role != .system }.map {
                "\($0.role == .user ? "User" : "Assistant"): \($0.content)"
            }
            return [
                Message(
                    role: .user, content: instruction.filled(["chat": turns.joined(separator: "\n\n")]))
            ]
        }
    }

    /// The instruction, or the beginning of the turn.
    public func question(_ request: [Message]) -> SynthesisPrompt.Question {
        instruction == nil ? .userTurn(after: request) : .chat(request)
    }

    /// The chat with the whole answer as its next turn, unless that breaks off or repeats an earlier one.
    public func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord] {
        let chat = chats[request]
        var text = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        // Models tend to go on in the form of the chat that they were shown.
        if instruction != nil, text.hasPrefix("User:") {
            text = text.dropFirst("User:".count).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let isRepeated = chat.messages.contains { $0.role == .user && $0.content == text }
        guard isWhole, text.contains(where: \.isLetter), !isRepeated else { return [] }
        return [
            PromptRecord(
                chat.messages + [Message(role: .user, content: text)], kind: "continue", origin: chat.origin,
                details: [OrderedJSON.Member("parents", .array([chat.id]))])
        ]
    }
}

/// A chat that ends with an answer, and where it comes from.
public struct AnsweredChat: Equatable, Sendable {
    /// The turns.
    public let messages: [Message]
    /// The `id` of its prompt.
    public let id: OrderedJSON
    /// The `origin` of its prompt: splits keep all chats that began with it together.
    public let origin: String

    /// Reads chats: JSONL with a chat on each line, such as `generate` writes them.
    ///
    /// - Throws: `UserError` with file and line for what is not a chat that ends with an answer, and for one with tools
    public static func read(_ url: URL) throws -> [AnsweredChat] {
        var chats: [AnsweredChat] = []
        try JSONLines(contentsOf: url).forEach { line in
            guard case .chat(let messages, let tools) = try line.record(), messages.last?.role == .assistant,
                messages.contains(where: { $0.role == .user })
            else {
                throw line.error(
                    "is not a chat that can be continued",
                    hint: "a chat that ends with an answer of the assistant is")
            }
            guard tools.isEmpty, !messages.contains(where: { $0.role == .tool }) else {
                throw line.error("is a chat with tools, which is not continued", hint: "leave such chats out")
            }
            let meta = try line.decode(Meta.self).meta
            // `generate` keeps the meta of a prompt as the source of its record.
            let source = meta?["source"] ?? meta
            let id = PromptRecord.id(of: messages.prefix { $0.role != .assistant })
            let origin = if case .string(let text)? = source?["origin"] { text } else { id }
            chats.append(AnsweredChat(messages: messages, id: source?["id"] ?? .string(id), origin: origin))
        }
        guard !chats.isEmpty else {
            throw UserError("holds no chat", file: url.relativePath, status: .noInput)
        }
        return chats
    }

    private struct Meta: Decodable { let meta: OrderedJSON? }
}
