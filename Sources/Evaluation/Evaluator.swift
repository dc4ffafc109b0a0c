import Checkpoints
import Corpora
import Foundation
import Support
import Tokenization
import Transformer

/// Measures checkpoints on records: cuts the text into windows as a convention says, and runs the models over them.
public struct Evaluator {
    public var convention: PerplexityConvention
    /// Tokens of a window; the model's own context at most.
    public var context: Int
    /// Tokens between the starts of two windows (`hf` only).
    public var stride: Int
    /// Which tokens of chats are scored (`hf` only).
    public var scope: TargetScope
    /// Who reads the system turns of chats (`hf` only). Where the teacher alone does, a document is one window, cut to the
    /// context.
    public var systemTurns: SystemTurns

    /// What counts unless told otherwise, as a command and in recipes: of chats the answers.
    public static let standardScope = TargetScope.assistant

    public init(
        convention: PerplexityConvention = .hf, context: Int, stride: Int? = nil,
        scope: TargetScope = standardScope, systemTurns: SystemTurns = .both
    ) {
        self.systemTurns = systemTurns
        self.convention = convention
        self.context = context
        self.stride = stride ?? max(1, context / 2)
        self.scope = scope
    }

    /// - Parameter teacherContext: the tokens that a teacher who alone reads the system turns has room for
    /// - Throws: `UserError` when the checkpoint has no tokenizer, or nothing would be scored
    public func windows(
        _ records: [CorpusRecord], for model: Checkpoint, teacherContext: Int = .max
    ) throws -> [Window] {
        let tokenizer = try model.requireTokenizer()
        let length = min(context, model.decoder.configuration.contextLength)
        // Whole documents: the convention cuts them.
        let encoder = CorpusEncoder(
            tokenizer: tokenizer, template: model.chatTemplate ?? .roleMarkers, contextLength: .max,
            scope: scope,
            systemTurns: systemTurns)
        let windows =
            systemTurns == .teacher
            ? try encoder.encode(records).map {
                Window(document: $0.truncated(to: length, teacherLength: teacherContext))
            } : try windows(records, encoder, length)
        guard windows.contains(where: { $0.isScored.contains(true) }) else {
            throw UserError(
                "the text is too short: no token of it is scored in windows of \(length) tokens",
                remedy: "give more text, or a shorter context")
        }
        return windows
    }

    private func windows(
        _ records: [CorpusRecord], _ encoder: CorpusEncoder, _ length: Int
    ) throws -> [Window] {
        let documents =
            switch convention {
            case .hf: try encoder.encode(records).map(\.student)
            case .llamaCpp: [try Self.stream(records, encoder)]
            }
        return convention.windows(
            of: documents.map { (ids: $0.ids, isTarget: $0.kept) }, context: length,
            stride: min(stride, length), begin: encoder.tokenizer.beginID)
    }

    /// All records as `llama-perplexity` reads a file: one text, begun once and never ended. Paragraphs get the blank
    /// line back that the reader parted them at; chats keep their own form.
    private static func stream(_ records: [CorpusRecord], _ encoder: CorpusEncoder) throws -> MarkedTokens {
        var ids = encoder.tokenizer.beginID.map { [$0] } ?? []
        var paragraphs: [String] = []
        func flush() {
            ids += encoder.tokenizer.encodeContent(paragraphs.joined(separator: "\n\n"))
            paragraphs = []
        }
        for record in records {
            if case .text(let text) = record {
                paragraphs.append(text)
            } else {
                flush()
                ids += try encoder.document(record).ids
            }
        }
        flush()
        return MarkedTokens(ids: ids, kept: ids.indices.map { $0 > 0 })
    }

    public func perplexity(
        of model: Checkpoint, on records: [CorpusRecord], progress: ProgressHandler? = nil
    ) throws -> Perplexity {
        let tokenizer = try model.requireTokenizer()
        let windows = try windows(records, for: model)
        return Perplexity.measure(
            model.decoder, windows: windows, byteCount: { tokenizer.textBytes(of: $0) },
            progress: reporter("perplexity", windows, progress))
    }

    /// - Throws: `UserError` when the two do not share a tokenizer
    public func agreement(
        of student: Checkpoint, with teacher: Checkpoint, on records: [CorpusRecord],
        progress: ProgressHandler? = nil
    ) throws -> Agreement {
        guard try student.requireTokenizer().hasSameIDs(as: teacher.requireTokenizer()) else {
            throw UserError(
                "has another tokenizer than \(teacher.url.relativePath): token by token they cannot be compared",
                file: student.url.relativePath, remedy: "compare perplexity in bits a byte instead",
                status: .configuration)
        }
        // Windows that both models can see whole.
        var evaluator = self
        let teacherContext = teacher.decoder.configuration.contextLength
        evaluator.context = min(context, teacherContext)
        let windows = try evaluator.windows(records, for: student, teacherContext: teacherContext)
        return Agreement.measure(
            student: student.decoder, teacher: teacher.decoder, windows: windows,
            progress: reporter("agreement", windows, progress))
    }

    /// Turns counts of windows and tokens into progress events.
    private func reporter(
        _ stage: String, _ windows: [Window], _ progress: ProgressHandler?
    ) -> ((_ windows: Int, _ tokens: Int) -> Void)? {
        guard let progress else { return nil }
        let total = windows.count { $0.isScored.contains(true) }
        progress(.began(stage: stage, total: total, unit: "windows"))
        return { progress(.advanced(stage: stage, done: $0, tokens: $1, loss: nil)) }
    }
}

extension Tokenizer {
    /// Bytes of text that a token stands for: none for markers and control pieces.
    func textBytes(of id: Int32) -> Int {
        switch kind(of: id) {
        case .normal, .byte: bytes(of: id).count
        default: 0
        }
    }
}
