import Foundation
import Corpora
import Support
import Tokenization

/// A prompt that was made, with where it comes from.
///
/// In JSONL: `{"messages": […], "meta": {"id": …, "origin": …, "kind": …, …}}`. `generate` keeps the `meta` of a prompt in the records
/// of its answers.
public struct PromptRecord: Equatable, Sendable, Encodable {
    /// The chat, which ends with a turn of the user.
    public let messages: [Message]
    /// `id`; `origin`; `kind`, how it was made; and what that kind adds.
    public let meta: OrderedJSON

    /// - Parameters:
    ///   - messages: the chat, which ends with a turn of the user
    ///   - kind: how the prompt was made
    ///   - origin: what prompts that ask for the same have in common, such as the document they are about: splits keep
    ///     prompts of one origin together
    ///   - details: what else is known of it
    public init(_ messages: [Message], kind: String, origin: String, details: [OrderedJSON.Member] = []) {
        self.messages = messages
        meta = .object(
            [
                OrderedJSON.Member("id", .string(Self.id(of: messages))),
                OrderedJSON.Member("origin", .string(origin)), OrderedJSON.Member("kind", .string(kind)),
            ] + details)
    }

    /// The first 16 digits of the SHA-256 digest of roles and contents.
    public static func id(of messages: [Message]) -> String {
        let parts = messages.flatMap { [Data($0.role.rawValue.utf8), Data($0.content.utf8)] }
        return String(Fingerprint(hashing: parts).hexadecimal.prefix(16))
    }

    /// The same prompt, of which something more is known.
    func adding(_ key: String, _ value: OrderedJSON) -> PromptRecord {
        guard case .object(let members) = meta else {
            preconditionFailure("the meta of a prompt is an object")
        }
        return PromptRecord(messages, meta: .object(members + [OrderedJSON.Member(key, value)]))
    }

    /// The last turn of the user.
    public var question: String { messages.last { $0.role == .user }?.content ?? "" }
}

extension PromptRecord {
    /// Reads prompts: JSONL with a chat on each line, see `CorpusRecord`; the answer of a chat that has one is ignored.
    ///
    /// A `meta` with an `id` and an `origin`, as they are written here, is kept; other prompts are their own origin.
    ///
    /// - Throws: `UserError` with file and line for what is not a chat
    public static func read(_ url: URL) throws -> [PromptRecord] {
        var prompts: [PromptRecord] = []
        try JSONLines(contentsOf: url).forEach { line in
            guard let messages = try line.record().prompt, messages.last?.role == .user else {
                throw line.error(
                    "is not a prompt",
                    hint:
                        "a prompt is a chat that ends with a turn of the user, before an answer if there is one"
                )
            }
            let meta = try line.decode(Meta.self).meta
            if let meta, case .string = meta["id"], case .string = meta["origin"] {
                prompts.append(PromptRecord(messages, meta: meta))
            } else {
                prompts.append(PromptRecord(messages, kind: "given", origin: id(of: messages)))
            }
        }
        guard !prompts.isEmpty else {
            throw UserError("holds no prompt", file: url.relativePath, status: .noInput)
        }
        return prompts
    }

    private struct Meta: Decodable { let meta: OrderedJSON? }

    private init(_ messages: [Message], meta: OrderedJSON) { (self.messages, self.meta) = (messages, meta) }
}
