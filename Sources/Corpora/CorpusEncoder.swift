import Support
import Tensors
import Tokenization

/// Which tokens of a chat the loss counts.
public enum TargetScope: String, CaseIterable, Codable, Sendable {
    /// What the assistant says in any turn, and the marker that ends the turn.
    case assistant
    /// Every token but the first.
    case all
}

/// Who reads the system turns of chats.
public enum SystemTurns: String, CaseIterable, Codable, Sendable {
    case both
    /// Context distillation (Askell et al. 2021, arXiv 2112.00861; Snell et al. 2022, arXiv 2209.15189): instructions,
    /// examples or facts in a system turn guide the teacher, and the student learns to answer without them.
    case teacher
}

/// Turns records into token ids.
///
/// - A chat is written by the template. If it is longer than the context, its end is cut off.
/// - A text is the begin id, the text, the end id; all but the first are targets. If it is longer than the
///   context, it is split, see `EncodedDocument.split(at:)`.
///
/// Text that spells a role marker stays text in both.
public struct CorpusEncoder: Sendable {
    public let tokenizer: Tokenizer
    public let template: ChatTemplate
    /// The most tokens a document may have.
    public let contextLength: Int
    public let scope: TargetScope
    public let systemTurns: SystemTurns
    /// The most tokens a document may have as the teacher reads it.
    public let teacherContextLength: Int

    /// - Parameters:
    ///   - systemTurns: `.teacher` needs the scope `.assistant`, since the system's tokens are no targets of a student
    ///     that does not see them
    ///   - teacherContextLength: bounds what only the teacher reads
    public init(
        tokenizer: Tokenizer, template: ChatTemplate = .roleMarkers, contextLength: Int,
        scope: TargetScope = .assistant, systemTurns: SystemTurns = .both, teacherContextLength: Int = .max
    ) {
        precondition(contextLength >= 2, "a context of \(contextLength) tokens has no target")
        precondition(
            systemTurns == .both || scope == .assistant,
            "hidden system turns leave only the assistant's as targets")
        self.systemTurns = systemTurns
        self.teacherContextLength = teacherContextLength
        self.tokenizer = tokenizer
        self.template = template
        self.contextLength = contextLength
        self.scope = scope
    }

    /// The whole record as one document, however long.
    ///
    /// Throws `UserError` if the vocabulary lacks a marker of the template.
    public func document(_ record: CorpusRecord) throws -> EncodedDocument {
        switch record {
        case .chat(let messages):
            let seen = studentMessages(messages)
            return EncodedDocument(
                student: try tokens(of: seen),
                teacher: seen.count == messages.count ? nil : try tokens(of: messages))
        case .text(let text):
            let begin = tokenizer.beginID.map { [$0] } ?? []
            let end = tokenizer.endID.map { [$0] } ?? []
            let ids = begin + tokenizer.encodeContent(text) + end
            return EncodedDocument(ids: ids, kept: ids.indices.map { $0 > 0 })
        }
    }

    private func tokens(of messages: [Message]) throws -> MarkedTokens {
        let chat = try template.encode(messages, with: tokenizer)
        let kept = scope == .assistant ? chat.assistant : chat.assistant.indices.map { $0 > 0 }
        return MarkedTokens(ids: chat.ids, kept: [false] + kept.dropFirst())
    }

    /// What the student reads of a chat.
    private func studentMessages(_ messages: [Message]) -> [Message] {
        systemTurns == .both ? messages : messages.filter { $0.role != .system }
    }

    /// All records, on all cores, in their order.
    ///
    /// Throws `UserError` if the vocabulary lacks a marker of the template, or if no token would be a target.
    public func encode(_ records: [CorpusRecord]) throws -> EncodedCorpus {
        var whole = [Result<EncodedDocument, any Error>?](repeating: nil, count: records.count)
        whole.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let slots = buffer
            Parallel.forEach(count: records.count) { index in
                slots[index] = Result { try document(records[index]) }
            }
        }
        var corpus = EncodedCorpus()
        for (record, document) in zip(records, whole) {
            corpus.add(
                try document!.get(), of: record, contextLength: contextLength,
                teacherLength: teacherContextLength)
        }
        guard corpus.summary.keptTokens > 0 else {
            throw UserError(
                "no token of the corpus is a target",
                remedy: "give chats with an assistant's turn within the context, or texts")
        }
        return corpus
    }

    /// The ids of a prompt, ready for the assistant's answer, as student and teacher read it.
    ///
    /// Throws `UserError` if it leaves no room for an answer in the context.
    public func prompt(_ messages: [Message]) throws -> (student: [Int32], teacher: [Int32]) {
        func encode(_ messages: [Message], _ contextLength: Int) throws -> [Int32] {
            let ids = try template.encode(messages, with: tokenizer, addGenerationPrompt: true).ids
            guard ids.count < contextLength else {
                throw UserError(
                    "a prompt of \(ids.count) tokens leaves no room in a context of \(contextLength)",
                    remedy: "shorten the prompt")
            }
            return ids
        }
        return (
            try encode(studentMessages(messages), contextLength), try encode(messages, teacherContextLength)
        )
    }
}

/// A corpus ready to be packed.
public struct EncodedCorpus: Sendable {
    /// None is longer than the context, and each has a target.
    public private(set) var documents: [EncodedDocument] = []
    public private(set) var summary = CorpusSummary()

    fileprivate mutating func add(
        _ whole: EncodedDocument, of record: CorpusRecord, contextLength: Int, teacherLength: Int
    ) {
        summary.records += 1
        let isLong = whole.ids.count > contextLength || (whole.teacher?.ids.count ?? 0) > teacherLength
        let parts: [EncodedDocument]
        switch record {
        case .text:
            parts = whole.split(at: contextLength)
            if isLong { summary.splitRecords += 1 }
        case .chat:
            let part = whole.truncated(to: contextLength, teacherLength: teacherLength)
            parts = part.kept.contains(true) ? [part] : []
            if isLong { summary.truncatedRecords += 1 }
        }
        if parts.isEmpty { summary.droppedRecords += 1 }
        for part in parts {
            summary.documents += 1
            summary.tokens += part.ids.count
            summary.keptTokens += part.keptCount
        }
        documents += parts
    }
}

/// What a corpus amounts to.
public struct CorpusSummary: Codable, Equatable, Sendable {
    public var records = 0
    /// Documents made from the records: long texts give several.
    public var documents = 0
    public var tokens = 0
    /// Tokens that are targets of the loss.
    public var keptTokens = 0
    /// Texts longer than the context, split.
    public var splitRecords = 0
    /// Chats longer than the context, cut off.
    public var truncatedRecords = 0
    /// Records without any target, left out.
    public var droppedRecords = 0

    public init() {}
}

extension CorpusSummary: CustomStringConvertible {
    public var description: String {
        let notes = [
            (splitRecords, "split"), (truncatedRecords, "truncated"),
            (droppedRecords, "without targets left out"),
        ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(records) records, \(tokens) tokens, \(keptTokens) of them targets\(notes)"
    }
}
