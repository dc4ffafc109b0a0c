import Support
import Tensors
import Tensors

/// Generates many sequences at once (continuous batching): the next request takes the slot of a finished sequence.
///
/// An answer depends on its request alone: the number of slots and threads, the order of requests and shared prompt prefixes
/// affect the speed but no bit of the result. So a run that was killed can be resumed with the requests that are not answered.
public final class BatchGenerator {
    /// The order in which answers are returned.
    public enum Order: Sendable {
        /// As soon as each is complete.
        case completion
        /// As requested; an answer waits for those before it.
        case request
    }

    /// A listener's decision after a token.
    public enum Verdict: Sendable {
        /// The answer continues.
        case proceed
        /// A stop string was reached: the answer ends with this token.
        case stop
    }

    /// The model that generates.
    public let decoder: DecoderModel
    /// The arithmetic of products with quantized weights. Answers depend on it.
    public let arithmetic: ProductArithmetic
    let cache: KeyValueCache
    /// The second model of the mixture that tokens are drawn from, where there is one.
    let mixtureModel: MixtureModel?
    /// The sequence in each slot.
    var sequences: [RunningSequence?]

    /// - Parameters:
    ///   - slots: sequences that run at once; a product takes hardly longer for 16 than for one
    ///   - capacity: tokens that a prompt and its answer may have; the model's context when nil
    ///   - arithmetic: of products with quantized weights
    ///   - mixtureModel: a second model with the same vocabulary: tokens are drawn from a mixture of both distributions, in which it has
    ///     `weight` λ, 0 to 1; the answers then carry their tokens' log-probabilities. `capacity` is the length of its context
    /// - Throws: `UserError` when there is no memory for the cache
    public init(
        _ decoder: DecoderModel, slots: Int = 16, capacity: Int? = nil, arithmetic: ProductArithmetic = .int8,
        mixtureModel: (decoder: DecoderModel, weight: Float, capacity: Int)? = nil
    ) throws {
        precondition(slots > 0, "a generator needs a slot")
        precondition(
            mixtureModel == nil
                || mixtureModel!.decoder.configuration.vocabularySize == decoder.configuration.vocabularySize,
            "both models share a vocabulary")
        self.mixtureModel = try mixtureModel.map {
            try MixtureModel($0.decoder, weight: $0.weight, slots: slots, capacity: $0.capacity)
        }
        self.decoder = decoder
        self.arithmetic = arithmetic
        cache = try KeyValueCache(for: decoder.configuration, slots: slots, capacity: capacity)
        sequences = Array(repeating: nil, count: slots)
    }

    /// Runs until every request is answered.
    ///
    /// - Parameters:
    ///   - requests: pulled one at a time, as slots become free. `next()` is called again after it returned nil while sequences
    ///     are running, since an answer may lead to a further request
    ///   - order: in which order `onFinish` is called
    ///   - onToken: called with each token of each answer, except end tokens
    ///   - isCancelled: called before each pass; once true, running answers end with `.cancelled` and no further
    ///     request is pulled
    ///   - onFinish: called with each answer
    /// - Throws: `UserError` for a prompt that does not fit or a model whose logits are not numbers, and what the
    ///   closures throw
    public func run(
        _ requests: some Sequence<GenerationRequest>, order: Order = .completion,
        onToken: (_ request: Int, _ token: Int32) throws -> Verdict = { _, _ in .proceed },
        isCancelled: () -> Bool = { false },
        onFinish: (GenerationResult) throws -> Void
    ) throws {
        defer { sequences = Array(repeating: nil, count: cache.slots) }
        var source = RequestSource(requests.makeIterator())
        var outbox = Outbox(order: order)
        while true {
            if isCancelled() {
                sequences.forEach { $0?.reason = .cancelled }
                try collect(into: &outbox, onFinish)
                return
            }
            for slot in sequences.indices where sequences[slot] == nil {
                sequences[slot] = try source.next(capacity: cache.capacity)
            }
            guard sequences.contains(where: { $0 != nil }) else { return }
            for sequence in advance() {
                guard !sequence.isBroken else {
                    throw UserError.nonFiniteOutput("after \(sequence.tokens.count) tokens")
                }
                try sequence.settle(capacity: cache.capacity, listener: onToken)
            }
            try collect(into: &outbox, onFinish)
        }
    }

    /// Hands finished answers out and frees their slots.
    private func collect(into outbox: inout Outbox, _ onFinish: (GenerationResult) throws -> Void) rethrows {
        let finished = sequences.indices.filter { sequences[$0]?.reason != nil }
        for slot in finished.sorted(by: { sequences[$0]!.index < sequences[$1]!.index }) {
            let result = sequences[slot]!.result!
            sequences[slot] = nil
            try outbox.add(result, onFinish)
        }
    }
}

/// Numbers requests and checks that they fit.
private struct RequestSource<Source: IteratorProtocol<GenerationRequest>> {
    private var source: Source
    private var pulled = 0

    init(_ source: Source) { self.source = source }

    mutating func next(capacity: Int) throws -> RunningSequence? {
        guard let request = source.next() else { return nil }
        guard !request.prompt.isEmpty else { throw UserError("a prompt has no tokens") }
        guard request.prompt.count < capacity else {
            throw UserError(
                "a prompt of \(request.prompt.count) tokens leaves no room in a context of \(capacity)",
                hint: "shorten the prompt")
        }
        defer { pulled += 1 }
        return RunningSequence(request, index: pulled)
    }
}

/// Holds answers back until their turn.
private struct Outbox {
    let order: BatchGenerator.Order
    private var waiting: [Int: GenerationResult] = [:]
    private var turn = 0

    init(order: BatchGenerator.Order) { self.order = order }

    mutating func add(_ result: GenerationResult, _ handOut: (GenerationResult) throws -> Void) rethrows {
        guard order == .request else { return try handOut(result) }
        waiting[result.request] = result
        while let next = waiting.removeValue(forKey: turn) {
            turn += 1
            try handOut(next)
        }
    }
}
