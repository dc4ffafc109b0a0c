import Foundation
import Support

/// What answers the prompts of a synthesis: a model in memory, or one behind an API.
protocol Answerer {
    /// Everything that decides the records.
    func origin(of prompts: [SynthesisPrompt]) throws -> SynthesisOrigin

    /// The prompts that can be answered, with their indices.
    ///
    /// - Throws: `UserError` with file and line of one that cannot
    func answerable(_ prompts: [SynthesisPrompt]) throws -> [(index: Int, prompt: SynthesisPrompt)]

    /// Whether each prompt that can be answered has its records, so that a resumed run goes on behind those that are there.
    var answersEvery: Bool { get }

    /// Generates the answers.
    ///
    /// - Parameters:
    ///   - first: number of the first answer to generate
    ///   - isEnough: whether no more answers are needed
    ///   - onRecords: receives records in order, and the number of tokens generated so far
    /// - Throws: `Interrupted` on a signal
    func answer(
        _ answerable: [(index: Int, prompt: SynthesisPrompt)], from first: Int, _ run: AnswerRun,
        isEnough: () -> Bool, onRecords: ([SyntheticRecord], Int) throws -> Void
    ) throws -> AnswerEnd
}

/// How answers are generated; none of it decides what they are.
struct AnswerRun {
    /// Sequences generated at once by a local model.
    var slots: Int
    /// The name in progress events.
    var stage: String
    /// Where an endpoint's answers are kept; nil for a run that cannot be resumed.
    var journal: URL?
    var progress: ProgressHandler?
}

/// What a run of answers came to.
struct AnswerEnd {
    /// Number of tokens generated.
    var tokens: Int
    /// What an endpoint was asked.
    var endpoint: EndpointSummary?
}
