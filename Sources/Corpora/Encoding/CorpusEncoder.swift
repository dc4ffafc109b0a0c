import Foundation
import Support
import Tokenization

/// Which tokens of a chat are targets of the loss.
public enum TargetScope: String, CaseIterable, Codable, Sendable {
    /// The assistant's turns, each with the marker that ends it.
    case assistant
    /// Every token but the first.
    case all
}

/// Which model reads the system turns of chats.
public enum SystemTurns: String, CaseIterable, Codable, Sendable {
    /// Student and teacher read the same.
    case both
    /// Context distillation (Askell et al. 2021, arXiv 2112.00861; Snell et al. 2022, arXiv 2209.15189): instructions,
    /// examples or facts in a system turn guide the teacher, and the student learns to answer without them.
    case teacher
}

/// Tokenizes records: turns chats and texts into documents with a loss mask.
///
/// - A chat is rendered by the template. If it is longer than the context, it is truncated at the end.
/// - A text is the begin id, the text, the end id; all but the first are targets. If it is longer than the
///   context, it is split, see `EncodedDocument.split(at:)`.
///
/// Messages that are excluded from training (`Message.isTrained`) are not targets, whatever the scope.
/// Text that spells a role marker stays text in both.
///
///     let encoder = CorpusEncoder(tokenizer: tokenizer, template: template, contextLength: 256)
///     let corpus = try encoder.encode(CorpusReader([url]))
public struct CorpusEncoder: Sendable {
    /// The student's tokenizer.
    public let tokenizer: Tokenizer
    /// Renders chats.
    public let template: ChatTemplate
    /// The most tokens a document may have.
    public let contextLength: Int
    /// Which tokens of chats are targets.
    public let scope: TargetScope
    /// Which model reads the system turns of chats.
    public let systemTurns: SystemTurns
    /// The most tokens a document may have as the teacher reads it.
    public let teacherContextLength: Int

    /// The range of context lengths: a target needs a token before it.
    public static let contextLimits = 2...1_048_576
    /// The default context length of commands and of all stages.
    public static let standardContext = 256

    /// - Parameters:
    ///   - tokenizer: the student's
    ///   - template: renders chats
    ///   - contextLength: the most tokens of a document, at least 2
    ///   - scope: which tokens of chats are targets
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

    /// The whole record as one document, whatever its length.
    ///
    /// - Throws: `UserError` if the vocabulary lacks a marker of the template
    public func document(_ record: CorpusRecord) throws -> EncodedDocument {
        switch record {
        case .chat(let messages, let tools):
            let seen = studentMessages(messages)
            return EncodedDocument(
                student: try tokens(of: seen, tools),
                teacher: seen.count == messages.count ? nil : try tokens(of: messages, tools))
        case .text(let text):
            var ids = tokenizer.beginID.map { [$0] } ?? []
            tokenizer.appendContent(text, to: &ids)
            if let end = tokenizer.endID { ids.append(end) }
            return EncodedDocument(ids: ids, lossMask: allButFirst(ids.count))
        }
    }

    private func tokens(of messages: [Message], _ tools: [OrderedJSON]) throws -> MaskedTokens {
        let chat = try template.encode(messages, tools: tools, with: tokenizer)
        // A chat begins with the begin id or a marker, which is not generated.
        let mask = scope == .assistant ? chat.assistantMask : allButFirst(chat.ids.count)
        return MaskedTokens(ids: chat.ids, lossMask: zip(mask, chat.untrainedMask).map { $0 && !$1 })
    }

    func allButFirst(_ count: Int) -> [Bool] {
        var mask = [Bool](repeating: true, count: count)
        if count > 0 { mask[0] = false }
        return mask
    }

    /// What the student reads of a chat.
    private func studentMessages(_ messages: [Message]) -> [Message] {
        systemTurns == .both ? messages : messages.filter { $0.role != .system }
    }

    /// Tokenizes all records of some files on all cores, in order. The parts of the corpus are the reader's inputs.
    ///
    /// - Parameters:
    ///   - reader: the files
    ///   - directory: where the encoded corpus is stored, in a file that is deleted with it
    /// - Complexity: memory is 12 bytes per document
    /// - Throws: `UserError` if the vocabulary lacks a marker of the template, if no token of an input is a target, for
    ///   mistakes in the files, and if the disk is full
    public func encode(_ reader: CorpusReader, in directory: URL = .temporaryDirectory) throws
        -> EncodedCorpus
    {
        try encode(reader, in: directory, streaming: true, append)
    }

    /// As `encode`, but each record is one document, truncated to the context, whether it has targets or not.
    ///
    /// - Throws: as `encode`
    public func encodeWhole(
        _ reader: CorpusReader, in directory: URL = .temporaryDirectory
    ) throws -> EncodedCorpus {
        try encode(reader, in: directory, streaming: false) { record, group in
            group.append(
                try document(record).truncated(to: contextLength, teacherLength: teacherContextLength))
        }
    }

    /// As `encode`, from records in memory.
    ///
    /// - Throws: as `encode`
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
                    // A template that refuses a chat does not know where it is written.
                    try record.located { try append(try record.record(), &group) }
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
                hint:
                    "give chats with an assistant's turn within the context, or texts; what the chat template "
                    + "keeps of an answer is shown by distill template render --mask")
        }
    }

    /// The documents of a record that have targets, none longer than the context.
    private func append(_ record: CorpusRecord, to group: inout EncodedGroup) throws {
        let (parts, isLong) = try parts(of: record)
        if isLong {
            switch record {
            case .text: group.summary.splitRecords += 1
            case .chat: group.summary.truncatedRecords += 1
            }
        }
        if parts.isEmpty { group.summary.droppedRecords += 1 }
        for part in parts { group.append(part) }
    }

    /// The documents of a record that have targets, and whether the record is longer than the context.
    ///
    /// - Throws: `UserError` if the template refuses the chat
    package func parts(of record: CorpusRecord) throws -> (documents: [EncodedDocument], isLong: Bool) {
        let whole = try document(record)
        let isLong =
            whole.ids.count > contextLength || (whole.teacher?.ids.count ?? 0) > teacherContextLength
        switch record {
        case .text: return (whole.split(at: contextLength), isLong)
        case .chat:
            let part = whole.truncated(to: contextLength, teacherLength: teacherContextLength)
            return (part.lossMask.contains(true) ? [part] : [], isLong)
        }
    }

    /// The token ids of a prompt, up to where the assistant's answer begins, as student and teacher read it.
    ///
    /// - Throws: `UserError` if the prompt leaves no room for an answer in the context
    public func prompt(
        _ messages: [Message], tools: [OrderedJSON] = []
    ) throws -> (student: [Int32], teacher: [Int32]) {
        func encode(_ messages: [Message], _ contextLength: Int) throws -> [Int32] {
            let ids = try template.encode(
                messages, tools: tools, with: tokenizer, addGenerationPrompt: true
            ).ids
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
