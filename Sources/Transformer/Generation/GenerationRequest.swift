import Support
import Tensors

/// A request for one sampled answer.
public struct GenerationRequest: Sendable {
    /// At least one token, and fewer than the context holds.
    public var prompt: [Int32]
    /// How tokens are drawn, and how many at most.
    public var options: SamplingOptions
    /// Where the answer's random numbers come from; two samples of a prompt need different ones.
    public var stream: RandomStream
    /// Tokens that end an answer.
    public var stopIDs: Set<Int32>
    /// Tokens that are never drawn, such as the markers of other roles.
    public var excludedIDs: Set<Int32>
    /// The mixture model's prompt; nil for the same prompt.
    public var mixtureModelPrompt: [Int32]?

    /// A request for one answer.
    public init(
        prompt: [Int32], options: SamplingOptions, stream: RandomStream, stopIDs: Set<Int32> = [],
        excludedIDs: Set<Int32> = [], mixtureModelPrompt: [Int32]? = nil
    ) {
        self.excludedIDs = excludedIDs
        self.mixtureModelPrompt = mixtureModelPrompt
        self.prompt = prompt
        self.options = options
        self.stream = stream
        self.stopIDs = stopIDs
    }
}

/// Why an answer ended.
public enum FinishReason: String, Codable, Sendable {
    /// The model gave an end token.
    case stop
    /// The text reached a stop string.
    case stopString = "stop_string"
    /// The answer has the maximum number of new tokens.
    case length
    /// Prompt and answer fill the model's context.
    case context
    /// The run was cancelled first.
    case cancelled
}

/// A generated answer.
public struct GenerationResult: Equatable, Sendable {
    /// Index of the request in the order they were given, from 0.
    public let request: Int
    /// Without the end token.
    public let tokens: [Int32]
    /// Why the answer ended.
    public let reason: FinishReason
    /// With a mixture model, the log-probabilities of each token, an end token included; else empty.
    public let logProbabilities: [TokenLogProbabilities]
    /// The token that ended the answer, where one did.
    public let endID: Int32?

    init(
        request: Int, tokens: [Int32], reason: FinishReason, logProbabilities: [TokenLogProbabilities] = [],
        endID: Int32? = nil
    ) {
        self.request = request
        self.tokens = tokens
        self.reason = reason
        self.logProbabilities = logProbabilities
        self.endID = endID
    }
}
