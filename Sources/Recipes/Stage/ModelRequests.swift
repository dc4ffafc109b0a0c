import Foundation
import Generation
import Support
import Tokenization
import Transformer

/// Requests of a stage to a model in memory or behind an API; what an earlier attempt has begun is resumed.
struct ModelRequests {
    /// By the seed of the samples.
    private let synthesis: (_ seed: UInt64) throws -> Synthesis
    private let endpoint: EndpointSettings?
    private let context: StageContext

    /// - Parameters:
    ///   - model: the model that answers
    ///   - endpoint: where it is, if it is behind an API
    ///   - sampling: how tokens are drawn
    ///   - stop: stop strings, in addition to the end of a turn
    ///   - context: where the stage works
    ///   - skipsLong: whether requests that fill a local model's context are left out instead of refused
    init(
        of model: Reference, at endpoint: EndpointSettings?, sampling: SamplingOptions, stop: [String] = [],
        context: StageContext, skipsLong: Bool = false
    ) throws {
        func options(_ seed: UInt64) -> Synthesis.Options {
            Synthesis.Options(sampling: sampling, seed: seed, stop: stop, skipsLongPrompts: skipsLong)
        }
        self.endpoint = endpoint
        self.context = context
        if let endpoint {
            synthesis = { try Synthesis(endpoint: endpoint.endpoint, options: options($0)) }
        } else {
            let author = try Synthesis.Author(context.checkpoint(model), name: model.name)
            synthesis = { Synthesis(author: author, options: options($0)) }
        }
    }

    /// Sends requests.
    ///
    /// - Parameters:
    ///   - requests: what to answer
    ///   - file: the name of the answers' file in the work directory
    ///   - seed: of the samples, where the same is asked several times; nil for the stage's
    /// - Returns: the file, and what was done
    func answers(
        to requests: [SynthesisPrompt], file: String, seed: UInt64? = nil
    ) throws -> (url: URL, summary: Synthesis.Summary) {
        let url = context.work.appending(path: file)
        let summary = try synthesis(seed ?? context.seed).run(
            prompts: requests, into: url, stage: context.label,
            journal: try endpoint?.journal(in: context.journals), progress: context.progress)
        return (url, summary)
    }

    /// Sends chats to answer, as above.
    func answers(to chats: [[Message]], file: String) throws -> (url: URL, summary: Synthesis.Summary) {
        try answers(to: chats.map { SynthesisPrompt(.chat($0)) }, file: file)
    }
}
