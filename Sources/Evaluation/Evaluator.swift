import Checkpoints
import Corpora
import Foundation
import Support
import Tokenization
import Transformer

/// Cuts records into the windows a checkpoint is measured on.
public struct Evaluator {
    public var convention: PerplexityConvention
    /// Tokens of a window.
    public var context: Int
    /// Tokens between the starts of two windows.
    public var stride: Int
    public var scope: TargetScope

    public init(
        convention: PerplexityConvention = .hf, context: Int, stride: Int? = nil,
        scope: TargetScope = .assistant
    ) {
        self.convention = convention
        self.context = context
        self.stride = stride ?? max(1, context / 2)
        self.scope = scope
    }

    /// - Throws: `UserError` when the checkpoint has no tokenizer, or nothing would be scored
    public func windows(_ records: [CorpusRecord], for model: Checkpoint) throws -> [Window] {
        let tokenizer = try model.requireTokenizer()
        let length = min(context, model.decoder.configuration.contextLength)
        // Whole documents: the convention cuts them.
        let encoder = CorpusEncoder(
            tokenizer: tokenizer, template: model.template ?? .roleMarkers, contextLength: .max, scope: scope)
        let windows = convention.windows(
            of: try encoder.encode(records).documents.map { (ids: $0.ids, isTarget: $0.kept) },
            context: length,
            stride: min(stride, length), begin: tokenizer.beginID)
        guard windows.contains(where: { $0.isScored.contains(true) }) else {
            throw UserError(
                "the text is too short: no token of it is scored in windows of \(length) tokens",
                remedy: "give more text, or a shorter context")
        }
        return windows
    }

    public func perplexity(of model: Checkpoint, on records: [CorpusRecord]) throws -> Perplexity {
        let tokenizer = try model.requireTokenizer()
        return Perplexity.measure(
            model.decoder, windows: try windows(records, for: model),
            byteCount: { tokenizer.textBytes(of: $0) })
    }

    /// - Throws: `UserError` when the two do not share a tokenizer
    public func agreement(
        of student: Checkpoint, with teacher: Checkpoint, on records: [CorpusRecord]
    ) throws -> Agreement {
        guard try student.requireTokenizer().serializedModel == teacher.requireTokenizer().serializedModel
        else {
            throw UserError(
                "has another tokenizer than \(teacher.url.relativePath): token by token they cannot be compared",
                file: student.url.relativePath, remedy: "compare perplexity in bits a byte instead",
                status: .configuration)
        }
        return Agreement.measure(
            student: student.decoder, teacher: teacher.decoder, windows: try windows(records, for: student))
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
