import Foundation
import Support
import Tokenization

/// Does the work of one kind of stage.
public protocol StageExecutor {
    /// Makes `context.output`, or goes on where an earlier attempt in `context.work` stopped.
    ///
    /// The output appears under its final name only once it is complete; what a killed attempt leaves in the work
    /// directory is found there again. The work directory is removed after the stage has returned.
    func run(_ context: StageContext) throws -> StageResult
}

/// What a stage says about itself once it is done; kept in `stage.json`.
public struct StageResult: Codable, Equatable, Sendable {
    /// One line for people.
    public var summary: String
    /// Figures for programs and reports, such as `tokens`.
    public var figures: [String: Double]

    public init(summary: String, figures: [String: Double] = [:]) {
        self.summary = summary
        self.figures = figures
    }
}

/// Where a stage finds its inputs and leaves its result.
public struct StageContext {
    /// The stage's settings.
    public let stage: Stage
    /// The base of the stage's random streams.
    public let seed: UInt64
    /// Names the stage and all that went into it; a saved state that carries another address is not its own.
    public let address: Fingerprint
    /// Where the result goes: a file for a corpus (JSONL) or an evaluation (JSON), else a directory.
    public let output: URL
    /// Where the second thing goes, of a stage that makes two.
    public let secondOutput: URL
    /// A directory for unfinished work, which survives an interruption.
    public let work: URL
    /// Numbers along the way, such as the loss at each step.
    public let metrics: MetricsLog
    /// For progress events: what this stage is called.
    public let label: String
    public let progress: ProgressHandler
    /// How chats are written; nil leaves that to the models.
    let template: ChatTemplate?
    let resolve: (Reference) -> URL

    /// The file or directory a reference of the stage's settings stands for.
    public func url(of reference: Reference) -> URL { resolve(reference) }

    /// Moves an output without a record back to where it was made, to be checked there: its stage was killed just before it
    /// was recorded, or is done again.
    ///
    /// - Parameter witness: what the output is checked with; where it is missing, the output is removed
    func takeBack(_ output: URL, as unfinished: URL, provided witness: URL? = nil) throws {
        let manager = FileManager.default
        guard manager.fileExists(atPath: output.path) else { return }
        let isKnown = witness.map { manager.fileExists(atPath: $0.path) } ?? true
        guard isKnown, !manager.fileExists(atPath: unfinished.path) else {
            return try manager.removeItem(at: output)
        }
        try AtomicFile.install(output, as: unfinished)
    }
}

extension Stage {
    /// The name of the stage's output in its directory.
    var outputName: String {
        switch self {
        case .tokenizer: "tokenizer"
        case .generate, .select, .learn: "corpus.jsonl"
        case .label: "signals"
        case .train, .cut: "model"
        case .convert: "model.gguf"
        case .evaluate: "evaluation.json"
        case .report: preconditionFailure("a report is no artefact")
        }
    }

    /// The name under which a run directory shows the output to people.
    var linkName: String {
        switch self {
        case .generate(let stage): "\(stage.name).jsonl"
        case .select(let stage): "\(stage.name).jsonl"
        case .learn(let stage): "\(stage.name).jsonl"
        case .convert(let stage): "\(stage.name).gguf"
        case .evaluate(let stage):
            "\(stage.name)-\(stage.models[0].fileName).json"
        default: artefact?.name ?? outputName
        }
    }
}
