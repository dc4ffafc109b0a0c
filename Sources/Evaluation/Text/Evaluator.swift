import Checkpoints
import Corpora
import Foundation
import Support
import Tokenization
import Transformer

/// Measures checkpoints on text: divides it into windows by a convention, and runs the models over them.
///
///     let evaluator = Evaluator(context: 256)
///     let perplexity = try evaluator.perplexity(of: checkpoint, on: CorpusReader([url]))
///     let agreement = try evaluator.agreement(of: student, with: teacher, on: CorpusReader([url]))
///
/// The text is tokenized into a temporary file and read window by window: memory depends neither on the size of the text nor on
/// the length of a document.
public struct Evaluator {
    /// How text is divided into windows.
    public var convention: PerplexityConvention
    /// Tokens of a window; nil for `CorpusEncoder.standardContext`, or the model's own where that is shorter.
    public var context: Int?
    /// Tokens between the starts of two windows (`hf` only); nil for half a window.
    public var stride: Int?
    /// Which tokens of chats are scored (`hf` only).
    public var scope: TargetScope
    /// Which model reads the system turns of chats (`hf` only). Where only the teacher does, a chat with one is one window,
    /// truncated to the context.
    public var systemTurns: SystemTurns
    /// Where tokenized text is stored while it is needed.
    public var scratch: URL

    /// The default scope of commands and recipes: the answers of chats.
    public static let standardScope = TargetScope.assistant

    /// The defaults are those of commands and recipes.
    public init(
        convention: PerplexityConvention = .hf, context: Int? = nil, stride: Int? = nil,
        scope: TargetScope = standardScope, systemTurns: SystemTurns = .both,
        scratch: URL = .temporaryDirectory
    ) {
        self.systemTurns = systemTurns
        self.convention = convention
        self.context = context
        self.stride = stride
        self.scope = scope
        self.scratch = scratch
    }

    /// The windows of some records, all at once.
    ///
    /// - Throws: as `perplexity`
    func windows(_ records: [CorpusRecord], for model: Checkpoint) throws -> [Window] {
        try text(.records(records), for: model).text.withWindows { next in
            var windows: [Window] = []
            while let window = try next() { windows.append(window) }
            return windows
        }
    }

    private enum Source {
        case reader(CorpusReader)
        case records([CorpusRecord])
    }

    /// - Parameter teacher: reads the same windows, or, in context distillation, more
    private func text(
        _ source: Source, for model: Checkpoint, teacher: Checkpoint? = nil
    ) throws -> (text: EvaluationText, counted: CountedText) {
        let tokenizer = try model.requireTokenizer()
        let length = try windowLength(of: [model] + (teacher.map { [$0] } ?? []))
        // Whole documents: the convention divides them.
        let encoder = CorpusEncoder(
            tokenizer: tokenizer, template: model.chatTemplate ?? .roleMarkers, contextLength: .max,
            scope: scope, systemTurns: systemTurns)
        let layout: EvaluationLayout = convention == .hf ? .documents : .stream
        let corpus =
            switch source {
            case .reader(let reader):
                try encoder.encodeForEvaluation(
                    reader, layout: layout, addsBegin: model.beginsTexts, in: scratch)
            case .records(let records):
                try encoder.encodeForEvaluation(records, layout: layout, addsBegin: model.beginsTexts)
            }
        let text = EvaluationText(
            corpus: corpus, convention: convention, context: length,
            stride: stride ?? max(1, length / 2), begin: model.beginsTexts ? tokenizer.beginID : nil,
            teacherContext: teacher?.decoder.configuration.contextLength ?? .max)
        let counted = try text.counted()
        guard counted.scored > 0 else {
            throw UserError(
                "the text is too short: no token of it is scored in windows of \(length) tokens",
                hint: "give more text, or a shorter context")
        }
        return (text, counted)
    }

    /// - Throws: `UserError` where the windows are longer than a model's context
    func windowLength(of models: [Checkpoint]) throws -> Int {
        let contexts = models.map { ($0, $0.decoder.configuration.contextLength) }
        guard let (shortest, longest) = contexts.min(by: { $0.1 < $1.1 }) else { return 0 }
        let length = context ?? min(CorpusEncoder.standardContext, longest)
        guard length <= longest else {
            throw UserError(
                "a context of \(length) tokens exceeds the model's, \(longest)",
                file: shortest.url.relativePath, hint: "give a context of at most \(longest)",
                status: .configuration)
        }
        guard stride ?? 1 <= length else {
            throw UserError(
                "a stride of \(stride ?? 1) tokens exceeds the context of \(length): tokens would be skipped",
                file: shortest.url.relativePath, hint: "give a stride of at most \(length)",
                status: .configuration)
        }
        return length
    }

    /// Perplexity on the text of some files.
    ///
    /// - Parameters:
    ///   - model: with a tokenizer
    ///   - reader: the files
    ///   - progress: receives the windows done
    /// - Throws: `UserError` when the checkpoint has no tokenizer or no room for the context, when nothing would be scored, for
    ///   mistakes in the files, and when the disk is full
    public func perplexity(
        of model: Checkpoint, on reader: CorpusReader, progress: ProgressHandler? = nil
    ) throws -> Perplexity {
        try perplexity(of: model, on: .reader(reader), progress)
    }

    /// As above, on records in memory.
    ///
    /// - Throws: as above
    public func perplexity(
        of model: Checkpoint, on records: [CorpusRecord], progress: ProgressHandler? = nil
    ) throws -> Perplexity {
        try perplexity(of: model, on: .records(records), progress)
    }

    private func perplexity(
        of model: Checkpoint, on source: Source, _ progress: ProgressHandler?
    ) throws -> Perplexity {
        let tokenizer = try model.requireTokenizer()
        let (text, counted) = try text(source, for: model)
        var result = try text.withWindows { next in
            try Perplexity.measure(
                model.decoder, windows: next, { tokenizer.textBytes(of: $0) },
                reporter("perplexity", counted.windows, progress))
        }
        guard result.nll.isFinite else {
            throw UserError.nonFiniteOutput("on this text", model: model.url.relativePath)
        }
        result.counted = counted
        return result
    }

    /// How close a student's distributions are to a teacher's on the text of some files.
    ///
    /// - Parameters:
    ///   - student: has the teacher's tokenizer, or one of its family, see `Checkpoint.matching`
    ///   - teacher: the reference
    ///   - reader: the files
    ///   - progress: receives the windows done
    /// - Throws: as `perplexity`, and `UserError` when their tokenizers are not of one family
    public func agreement(
        of student: Checkpoint, with teacher: Checkpoint, on reader: CorpusReader,
        progress: ProgressHandler? = nil
    ) throws -> Agreement {
        try agreement(of: student, with: teacher, on: .reader(reader), progress)
    }

    /// As above, on records in memory.
    ///
    /// - Throws: as above
    public func agreement(
        of student: Checkpoint, with teacher: Checkpoint, on records: [CorpusRecord],
        progress: ProgressHandler? = nil
    ) throws -> Agreement {
        try agreement(of: student, with: teacher, on: .records(records), progress)
    }

    private func agreement(
        of student: Checkpoint, with original: Checkpoint, on source: Source, _ progress: ProgressHandler?
    ) throws -> Agreement {
        let tokenizer = try student.requireTokenizer()
        let teacher = try original.matching(
            tokenizer, of: student.url.relativePath, hint: "compare perplexity in bits a byte instead")
        let (text, counted) = try text(source, for: student, teacher: teacher)
        if let id = try text.corpus.first(of: Set(teacher.missingPieces)) {
            throw UserError.missingPiece(tokenizer.piece(id), teacher: teacher.url.relativePath)
        }
        var result = try text.withWindows { next in
            try Agreement.measure(
                student: student.decoder, teacher: teacher.decoder, windows: next,
                reporter("agreement", counted.windows, progress))
        }
        guard !result.meanKL.isNaN else {
            throw UserError.nonFiniteOutput(
                "on this text", model: "\(student.url.relativePath) or \(teacher.url.relativePath)")
        }
        result.counted = counted
        return result
    }

    /// Turns counts of windows and tokens into progress events.
    private func reporter(
        _ stage: String, _ total: Int, _ progress: ProgressHandler?
    ) -> ((_ windows: Int, _ tokens: Int) -> Void)? {
        guard let progress else { return nil }
        progress(.began(stage: stage, total: total, unit: "windows"))
        return { progress(.advanced(stage: stage, done: $0, tokens: $1, loss: nil)) }
    }
}

extension Tokenizer {
    /// Bytes of text that a token decodes to: none for markers and control pieces.
    func textBytes(of id: Int32) -> Int {
        switch kind(of: id) {
        case .normal, .byte: bytes(of: id).count
        default: 0
        }
    }
}
