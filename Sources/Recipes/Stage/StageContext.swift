import Foundation
import Support
import Tokenization

/// What a finished stage reports; kept in `stage.json`.
package struct StageResult: Codable, Equatable, Sendable {
    /// A one-line summary.
    package var summary: String
    /// Numbers for programs and reports, such as `tokens`.
    package var metrics: [String: Double]

    package init(summary: String, metrics: [String: Double] = [:]) {
        self.summary = summary
        self.metrics = metrics
    }
}

/// Where a running stage finds its inputs and leaves its outputs.
package struct StageContext {
    /// The base of the stage's random streams.
    package let seed: UInt64
    /// Where each of the stage's outputs goes, in the order of `Stage.outputs`: a file for a corpus (JSONL) or an
    /// evaluation (JSON), else a directory.
    package let outputs: [URL]
    /// A directory for unfinished work, which survives an interruption.
    package let work: URL
    /// Numbers along the way, such as the loss at each step.
    package let metrics: MetricsLog
    /// A directory that all stages of the run share: what was paid for outlives the stage that asked for it.
    let journals: URL
    /// The stage's name in progress events.
    package let label: String
    package let progress: ProgressHandler
    /// How chats are written.
    let chats: ChatSettings
    let resolve: (Reference) -> URL

    /// Where the first output goes.
    package var output: URL { outputs[0] }

    /// The file or directory that a reference of the stage's keys refers to.
    package func url(of reference: Reference) -> URL { resolve(reference) }

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
