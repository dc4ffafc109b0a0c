import Checkpoints
import Corpora
import Foundation
import Support
import Tokenization

/// Labels records with a checkpoint: encodes them as its tokenizer and template say, and keeps what it says of them.
public struct LabelingJob {
    private let teacher: Checkpoint
    private let origin: SignalManifest.Origin
    private let encoder: CorpusEncoder

    /// - Parameters:
    ///   - name: the teacher as the manifest names it
    ///   - context: tokens that documents are cut to; the teacher's own context at most
    ///   - systemTurns: whether the student the signals are for reads them
    ///   - hidden: layers, from 1, whose hidden states are kept beside the distributions
    /// - Throws: `UserError` when the checkpoint has no tokenizer or no such layer
    public init(
        teacher: Checkpoint, name: String, kind: SparseKind, temperature: Float, scope: TargetScope,
        context: Int, systemTurns: SystemTurns = .both, hidden: [Int] = [], seed: UInt64
    ) throws {
        let tokenizer = try teacher.requireTokenizer()
        let template = teacher.chatTemplate ?? .roleMarkers
        self.teacher = teacher
        encoder = CorpusEncoder(
            tokenizer: tokenizer, template: template,
            contextLength: min(context, teacher.decoder.configuration.contextLength), scope: scope,
            systemTurns: systemTurns, teacherContextLength: teacher.decoder.configuration.contextLength)
        origin = SignalManifest.Origin(
            teacher: name, teacherFingerprint: try Checkpoint.fingerprint(at: teacher.url),
            tokenizerFingerprint: Fingerprint(of: tokenizer.serializedModel), template: template.jinja,
            vocabularySize: tokenizer.vocabularySize, kind: kind, temperature: temperature, seed: seed,
            teacherContextLength: systemTurns == .teacher ? teacher.decoder.configuration.contextLength : nil,
            hidden: hidden.isEmpty
                ? nil : try HiddenLayers(hidden, of: teacher.decoder.configuration, named: name))
    }

    /// - Parameters:
    ///   - directory: of the signal cache
    ///   - scratch: where the encoded corpus is kept meanwhile
    /// - Throws: `UserError` when the directory holds other signals, the corpus is unsound, no token is a target, or the disk
    ///   refuses
    @discardableResult
    public func run(
        _ reader: CorpusReader, into directory: URL, scratch: URL = .temporaryDirectory,
        progress: ProgressHandler? = nil
    ) throws -> SignalManifest {
        let corpus = try encoder.encode(reader, in: scratch)
        let labeler = Labeler(teacher: teacher.decoder, origin: origin)
        return try Interruption.saving { try labeler.label(corpus, into: directory, progress: progress) }
    }
}
