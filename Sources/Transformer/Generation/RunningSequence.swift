import Tensors

/// A sequence that is being generated: a request and its tokens so far.
final class RunningSequence: @unchecked Sendable {
    let request: GenerationRequest
    let index: Int
    /// Prompt and answer so far.
    private(set) var tokens: [Int32]
    private var sampler: Sampler
    /// Whether the reusable prefix of the prompt is in the sequence's slot of the cache.
    var hasBegun = false
    var reason: FinishReason?
    /// True once a logit was infinite or NaN.
    private(set) var isBroken = false
    private var logProbabilities: [TokenLogProbabilities] = []
    private var endID: Int32?

    init(_ request: GenerationRequest, index: Int) {
        self.request = request
        self.index = index
        tokens = request.prompt
        sampler = Sampler(request.options, stream: request.stream, prompt: request.prompt)
    }

    /// Draws the next token. Called from several threads, for different sequences.
    ///
    /// - Parameter logits: [V], overwritten
    func draw(_ logits: UnsafeMutableBufferPointer<Float>) {
        isBroken = kernels.has_non_finite(logits.baseAddress, logits.count) != 0
        guard !isBroken else { return }
        for id in request.excludedIDs { logits[Int(id)] = -.infinity }
        tokens.append(sampler.next(logits))
    }

    /// Draws the next token from the mixture of two models' distributions.
    ///
    /// - Parameters:
    ///   - logits: [V], of the first model
    ///   - mixtureModel: [V], logits of the other model
    ///   - weight: of the other model in the mixture, λ
    func draw(
        _ logits: UnsafeMutableBufferPointer<Float>, beside mixtureModel: UnsafeMutableBufferPointer<Float>,
        weight: Float
    ) {
        isBroken = [logits, mixtureModel].contains { kernels.has_non_finite($0.baseAddress, $0.count) != 0 }
        guard !isBroken else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * logits.count) { mixed in
            let logProbabilities = TokenLogProbabilities.mix(
                logits, mixtureModel, weight: weight, excluded: request.excludedIDs, into: mixed.baseAddress!)
            let token = sampler.next(.init(rebasing: mixed[..<logits.count]))
            tokens.append(token)
            self.logProbabilities.append(logProbabilities(token))
        }
    }

    /// The tokens that the other model reads: its own prompt, and the answer so far.
    var mixtureModelTokens: [Int32] {
        request.mixtureModelPrompt.map { $0 + tokens[request.prompt.count...] } ?? tokens
    }

    /// Ends the answer if its last token is an end token or a limit is reached.
    ///
    /// - Parameters:
    ///   - capacity: tokens that prompt and answer may have together
    ///   - listener: called with the token unless it is an end token
    func settle(capacity: Int, listener: (_ request: Int, _ token: Int32) throws -> BatchGenerator.Verdict)
        throws
    {
        let token = tokens[tokens.count - 1]
        if request.stopIDs.contains(token) {
            endID = tokens.removeLast()
            reason = .stop
        } else if try listener(index, token) == .stop {
            reason = .stopString
        } else if tokens.count - request.prompt.count >= request.options.maxNewTokens {
            reason = .length
        } else if tokens.count >= capacity {
            reason = .context
        }
    }

    /// The answer, once there is a reason for its end.
    var result: GenerationResult? {
        reason.map {
            GenerationResult(
                request: index, tokens: Array(tokens[request.prompt.count...]), reason: $0,
                logProbabilities: logProbabilities,
                endID: endID)
        }
    }
}
