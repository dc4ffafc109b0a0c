import Foundation
import Generation
import Support
import Tokenization
import Transformer

/// Requests of a stage to a model in memory or behind an API; what an earlier attempt has begun is resumed.
struct ModelRequests {
    private let synthesis: Synthesis
    private let endpoint: EndpointSettings?
    private let context: StageContext

    /// - Parameters:
    ///   - model: the model that answers
    ///   - endpoint: where it is, if it is behind an API
    ///   - sampling: how tokens are drawn
    ///   - context: where the stage works
    ///   - skipsLong: whether requests that fill a local model's context are left out instead of refused
    init(
        of model: Reference, at endpoint: EndpointSettings?, sampling: SamplingOptions, context: StageContext,
        skipsLong: Bool = false
    ) throws {
        let options = Synthesis.Options(
            sampling: sampling, seed: context.seed, skipsLongPrompts: skipsLong)
        self.endpoint = endpoint
        self.context = context
        if let endpoint {
            synthesis = try Synthesis(endpoint: endpoint.endpoint, options: options)
        } else {
            let author = try Synthesis.Author(context.checkpoint(model), name: model.name)
            synthesis = Synthesis(author: author, options: options)
        }
    }

    /// Sends requests.
    ///
    /// - Parameters:
    ///   - requests: the chats to answer
    ///   - file: the name of the answers' file in the work directory
    /// - Returns: the file, and what was done
    func answers(to requests: [[Message]], file: String) throws -> (url: URL, summary: Synthesis.Summary) {
        let url = context.work.appending(path: file)
        let summary = try synthesis.run(
            prompts: requests.map { SynthesisPrompt(.chat($0)) }, into: url, stage: context.label,
            journal: try endpoint?.journal(in: context.journals), progress: context.progress)
        return (url, summary)
    }
}
