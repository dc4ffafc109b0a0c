import Foundation
import Support
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
/// Messages that are not to be trained on (`Message.isTrained`) are no targets, whatever the scope.
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

    /// What a context accepts: a target needs a token before it.
    public static let contextLimits = 2...1_048_576
    /// The default of commands and of all stages.
    public static let standardContext = 256

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
            var ids = tokenizer.beginID.map { [$0] } ?? []
            tokenizer.appendContent(text, to: &ids)
            if let end = tokenizer.endID { ids.append(end) }
            return EncodedDocument(ids: ids, kept: allButFirst(ids.count))
        }
    }

    private func tokens(of messages: [Message]) throws -> MarkedTokens {
        let chat = try template.encode(messages, with: tokenizer)
        // A chat begins with the begin id or a marker, which nobody says.
        let mask = scope == .assistant ? chat.assistantMask : allButFirst(chat.ids.count)
        return MarkedTokens(ids: chat.ids, kept: zip(mask, chat.untrainedMask).map { $0 && !$1 })
    }

    func allButFirst(_ count: Int) -> [Bool] {
        var kept = [Bool](repeating: true, count: count)
        if count > 0 { kept[0] = false }
        return kept
    }

    /// What the student reads of a chat.
    private func studentMessages(_ messages: [Message]) -> [Message] {
        systemTurns == .both ? messages : messages.filter { $0.role != .system }
    }

    /// All records of some files, on all cores, in their order. The parts of the corpus are the reader's inputs.
    ///
    /// - Parameter directory: where the encoded corpus is kept, in a file that goes with it
    ///
    /// Throws `UserError` if the vocabulary lacks a marker of the template, if no token of an input would be a target, for
    /// mistakes in the files, and if the disk is full.
    public func encode(_ reader: CorpusReader, in directory: URL = .temporaryDirectory) throws
        -> EncodedCorpus
    {
        try encode(reader, in: directory, streaming: true, append)
    }

    /// As `encode`, but each record is one document, cut to the context, whether it has targets or not.
    public func encodeWhole(
        _ reader: CorpusReader, in directory: URL = .temporaryDirectory
    ) throws -> EncodedCorpus {
        try encode(reader, in: directory, streaming: false) { record, group in
            group.append(
                try document(record).truncated(to: contextLength, teacherLength: teacherContextLength))
        }
    }

    /// As `encode`, from records in memory.
    public func encode(_ records: [CorpusRecord]) throws -> EncodedCorpus {
        var writer = try CorpusWriter(
            vocabularySize: tokenizer.vocabularySize, directory: .temporaryDirectory)
        try encode(records.map { UnreadRecord($0) }, append, to: &writer)
        try endPart(of: &writer)
        return writer.finish()
    }

    private typealias Appending = (CorpusRecord, inout EncodedGroup) throws -> Void

    private func encode(
        _ reader: CorpusReader, in directory: URL, streaming: Bool, _ append: Appending
    ) throws -> EncodedCorpus {
        try reader.requireInputs()
        var writer = try CorpusWriter(vocabularySize: tokenizer.vocabularySize, directory: directory)
        for input in reader.inputs {
            try reader.forEachSlice(of: input) { slice in
                if streaming, let file = slice[0].file {
                    try encodeParts(ofFile: file, to: &writer)
                } else {
                    try encode(slice, append, to: &writer)
                }
            }
            try endPart(of: &writer, file: input.url)
        }
        return writer.finish()
    }

    private func encode(
        _ slice: [UnreadRecord], _ append: Appending, to writer: inout CorpusWriter
    ) throws {
        let groups = CorpusReader.inParallel(slice) { [form = writer.form] records in
            Result {
                var group = EncodedGroup(form: form)
                for record in records {
                    group.summary.records += 1
                    try append(try record.record(), &group)
                }
                return group
            }
        }
        for group in groups { try writer.append(try group.get()) }
    }

    private func endPart(of writer: inout CorpusWriter, file: URL? = nil) throws {
        guard writer.endPart() > 0 else {
            throw UserError(
                "no token of the corpus is a target", file: file?.relativePath,
                hint: "give chats with an assistant's turn within the context, or texts")
        }
    }

    /// The documents of a record that have targets, none longer than the context.
    private func append(_ record: CorpusRecord, to group: inout EncodedGroup) throws {
        let whole = try document(record)
        let isLong =
            whole.ids.count > contextLength || (whole.teacher?.ids.count ?? 0) > teacherContextLength
        let parts: [EncodedDocument]
        switch record {
        case .text:
            parts = whole.split(at: contextLength)
            if isLong { group.summary.splitRecords += 1 }
        case .chat:
            let part = whole.truncated(to: contextLength, teacherLength: teacherContextLength)
            parts = part.kept.contains(true) ? [part] : []
            if isLong { group.summary.truncatedRecords += 1 }
        }
        if parts.isEmpty { group.summary.droppedRecords += 1 }
        for part in parts { group.append(part) }
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
                    hint: "shorten the prompt")
            }
            return ids
        }
        return (
            try encode(studentMessages(messages), contextLength), try encode(messages, teacherContextLength)
        )
    }
}
