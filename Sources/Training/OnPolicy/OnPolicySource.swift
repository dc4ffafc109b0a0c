import Foundation
import Signals
import Support
import Tensors
import Transformer

/// On-policy batches: text that the student generates during training, mixed with a corpus, so that the student is trained on
/// the prefixes that it produces itself (GKD, arXiv 2306.13649).
///
/// A step is on-policy with probability λ, else it is the corpus's. The answers of an on-policy step are newly generated, or
/// sampled from a replay buffer of earlier ones (DistiLLM, arXiv 2402.03898).
public final class OnPolicySource: BatchSource {
    /// How much of the training is on-policy, and how answers are sampled.
    public struct Options: Equatable, Sendable {
        /// λ, the probability that a step is on-policy.
        public var fraction: Double
        /// Whether λ rises by 0.1 each time the held-out loss is worse than at the previous measurement (DistiLLM).
        public var isAdaptive: Bool
        /// Size of the replay buffer in answers; 0 generates new answers for every on-policy step. With a buffer, new answers
        /// are generated with probability 1 − t/T at step t of T: early answers are soon off-policy, late ones are not.
        public var replay: Int
        /// How answers are sampled.
        public var sampling: SamplingOptions
        /// The teacher's weight λ in the distribution that tokens are sampled from, λp + (1−λ)q.
        public var teacherFraction: Float
        /// Whether batches have the log-probabilities of their targets, which policy-gradient losses read.
        public var recordsLogProbabilities: Bool

        /// By default half of the steps, each with newly generated answers.
        public init(
            fraction: Double = 0.5, isAdaptive: Bool = false, replay: Int = 0,
            sampling: SamplingOptions = .init(), teacherFraction: Float = 0,
            recordsLogProbabilities: Bool = false
        ) {
            self.teacherFraction = teacherFraction
            self.recordsLogProbabilities = recordsLogProbabilities
            self.fraction = fraction
            self.isAdaptive = isAdaptive
            self.replay = replay
            self.sampling = sampling
        }
    }

    private struct State: Codable {
        var fraction: Double
        /// The held-out loss at its latest measurement.
        var heldOutLoss: Double?
        /// Number of answers generated so far: the position in the stream of prompts.
        var written = 0
        /// The replay buffer, oldest first.
        var rollouts: [Rollout] = []
        /// Mean length of an answer in the latest step with newly generated answers.
        var meanLength: Double
        var metrics: [String: Double] = [:]

        private enum CodingKeys: String, CodingKey {
            case fraction = "share"
            case metrics = "figures"
            case heldOutLoss, written, rollouts, meanLength
        }
    }

    private let student: DecoderModel
    /// Runs beside the student where it takes part in the sampling, or its log-probabilities are recorded.
    private let teacher: DecoderModel?
    /// The teacher's context length.
    private let teacherContext: Int
    private let prompts: [RolloutPrompt]
    private let corpus: any BatchSource
    private let stopIDs: Set<Int32>
    private let endID: Int32?
    private let excludedIDs: Set<Int32>
    private let options: Options
    private let steps: Int
    private let budget: Int
    private let parts: Int
    private let seed: UInt64
    private let meanPrompt: Double
    private var state: State
    /// The order of the prompts in the epoch that was last read.
    private var order: (epoch: Int, prompts: [Int])?

    /// - Parameters:
    ///   - student: the model being trained
    ///   - teacher: limits answers to its context; required where it takes part in the sampling, or log-probabilities are recorded
    ///   - prompts: each leaves room for an answer in the student's context
    ///   - corpus: provides the other steps
    ///   - stopIDs: tokens that end an answer
    ///   - endID: the token that is appended to an answer that ended
    ///   - excludedIDs: tokens that are never sampled, such as other roles' markers
    ///   - options: how much is on-policy, and how answers are sampled
    ///   - steps: of the whole run, T
    ///   - budget: tokens of a step, over all its parts
    ///   - parts: passes that a step is computed in
    ///   - seed: of the prompts' order and the samples
    public init(
        student: DecoderModel, teacher: DecoderModel? = nil, prompts: [RolloutPrompt],
        corpus: any BatchSource, stopIDs: Set<Int32>, endID: Int32?, excludedIDs: Set<Int32> = [],
        options: Options, steps: Int,
        budget: Int, parts: Int = 1, seed: UInt64
    ) {
        precondition(!prompts.isEmpty, "there are no prompts")
        precondition((0...1).contains(options.fraction), "a fraction of \(options.fraction)")
        precondition(
            teacher != nil || options.teacherFraction == 0 && !options.recordsLogProbabilities,
            "a teacher is required")
        self.student = student
        teacherContext = teacher?.configuration.contextLength ?? .max
        self.teacher = options.teacherFraction > 0 || options.recordsLogProbabilities ? teacher : nil
        self.excludedIDs = excludedIDs
        self.prompts = prompts
        self.corpus = corpus
        self.stopIDs = stopIDs
        self.endID = endID
        self.options = options
        self.steps = steps
        self.budget = budget
        self.parts = parts
        self.seed = seed
        meanPrompt = prompts.reduce(0) { $0 + Double($1.student.count) } / Double(prompts.count)
        state = State(fraction: options.fraction, meanLength: Double(options.sampling.maxNewTokens))
    }

    /// The batches of a step, which the student may have to generate.
    ///
    /// - Throws: `UserError` when there is no memory for the KV cache; what the corpus throws
    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        var stream = RandomStream(seed: seed, purpose: "on-policy", index: UInt64(step))
        guard stream.nextUniformDouble() < state.fraction else { return try corpus.batches(forStep: step) }
        let isFresh =
            options.replay == 0 || state.rollouts.isEmpty
            || stream.nextUniformDouble() < 1 - Double(step) / Double(max(steps, 1))
        let chosen = isFresh ? try generate() : replayed(&stream)
        return split(chosen)
    }

    // MARK: - Rollouts

    /// Generates answers to the next prompts: as many as fill the budget if answers are as long as the last ones.
    private func generate() throws -> [Rollout] {
        let wanted = max(1, Int(Double(budget) / (meanPrompt + state.meanLength)))
        let chosen = (state.written..<state.written + wanted).map(prompt(at:))
        let longest = chosen.map { prompts[$0].student.count }.max()! + options.sampling.maxNewTokens
        // A new KV cache each time: after a weight update the old one is stale.
        let generator = try BatchGenerator(
            student, capacity: min(longest, student.configuration.contextLength),
            mixtureModel: teacher.map { teacher in
                // Where the teacher's prompts are longer, so is its cache.
                let own = chosen.map { prompts[$0].teacher.count }.max()! + options.sampling.maxNewTokens
                return (teacher, options.teacherFraction, own)
            })
        let requests = chosen.enumerated().map { index, prompt -> GenerationRequest in
            var sampling = options.sampling
            sampling.maxNewTokens = min(
                sampling.maxNewTokens, max(1, teacherContext - prompts[prompt].teacher.count))
            return GenerationRequest(
                prompt: prompts[prompt].student, options: sampling,
                stream: RandomStream(
                    seed: seed, purpose: "rollout", index: UInt64(state.written + index)),
                stopIDs: stopIDs, excludedIDs: excludedIDs, mixtureModelPrompt: prompts[prompt].teacher)
        }
        var answers: [Rollout] = []
        var ended = 0
        try generator.run(requests, order: .request) { generation in
            let hasEnded = generation.reason == .stop
            if hasEnded { ended += 1 }
            let end = hasEnded ? endID.map { [$0] } ?? [] : []
            var rollout = Rollout(prompt: chosen[generation.request], answer: generation.tokens + end)
            if options.recordsLogProbabilities {
                // The log-probability of another end token than the template's is not that of the target.
                if generation.endID != nil, generation.endID != endID { rollout.answer = generation.tokens }
                rollout.logProbabilities = Array(generation.logProbabilities.prefix(rollout.answer.count))
            }
            answers.append(rollout)
        }
        state.written += wanted
        answers.removeAll { $0.answer.isEmpty }
        let count = Double(max(answers.count, 1))
        state.meanLength = answers.reduce(0) { $0 + Double($1.answer.count) } / count
        state.metrics = [
            "rollout_length": state.meanLength, "rollout_ended": Double(ended) / Double(wanted),
            "rollout_repetition": answers.reduce(0) { $0 + $1.repetition } / count,
        ]
        if options.recordsLogProbabilities {
            let rewards = answers.flatMap { $0.logProbabilities!.map { Double($0.mixtureModel - $0.own) } }
            state.metrics["rollout_reward"] = rewards.reduce(0, +) / Double(max(rewards.count, 1))
        }
        if options.replay > 0 {
            state.rollouts = (state.rollouts + answers).suffix(options.replay)
        }
        return answers
    }

    /// Each epoch is a random order of all prompts.
    private func prompt(at index: Int) -> Int {
        let epoch = index / prompts.count
        if order?.epoch != epoch {
            var stream = RandomStream(seed: seed, purpose: "rollout prompts", index: UInt64(epoch))
            order = (epoch, stream.permutation(of: prompts.count))
        }
        return order!.prompts[index % prompts.count]
    }

    /// Random answers of the replay buffer up to the budget, each at most once.
    private func replayed(_ stream: inout RandomStream) -> [Rollout] {
        var tokens = 0
        return stream.permutation(of: state.rollouts.count).map { state.rollouts[$0] }.prefix { rollout in
            tokens += prompts[rollout.prompt].student.count + rollout.answer.count
            return tokens <= budget || tokens == rollout.answer.count + prompts[rollout.prompt].student.count
        }
    }

    private func split(_ rollouts: [Rollout]) -> [TrainingBatch] {
        let size = (rollouts.count + parts - 1) / parts
        return stride(from: 0, to: rollouts.count, by: max(size, 1)).map { start in
            let part = Array(rollouts[start..<min(start + size, rollouts.count)])
            return TrainingBatch(
                PackedBatch(part.map { $0.document(prompts) }), isStudents: true,
                drawn: options.recordsLogProbabilities
                    ? part.flatMap { DrawnToken.tokens($0.logProbabilities!) } : nil)
        }
    }

    // MARK: - State

    /// Raises λ where it is adaptive and the loss is worse than at the previous measurement.
    public func observe(heldOutLoss: Double) {
        if options.isAdaptive, let before = state.heldOutLoss, heldOutLoss > before {
            state.fraction = min(1, state.fraction + 0.1)
        }
        state.heldOutLoss = heldOutLoss
    }

    /// The replay buffer and the position in the stream of prompts.
    ///
    /// - Throws: where it cannot be encoded
    public func savedState() throws -> Data? {
        return try JSONEncoder.stableEscapingSlashes.encode(state)
    }

    /// Continues from a saved state.
    ///
    /// - Throws: `UserError` when it belongs to other prompts, and `DecodingError`
    public func restore(_ saved: Data) throws {
        let saved = try JSONDecoder().decode(State.self, from: saved)
        guard saved.rollouts.allSatisfy({ prompts.indices.contains($0.prompt) }) else {
            throw UserError(
                "the saved rollouts answer other prompts", hint: "start the run again from the beginning")
        }
        state = saved
    }

    /// Mean length, the fraction that ended, and repetition of the latest answers.
    public var metrics: [String: Double] {
        options.isAdaptive
            ? state.metrics.merging(["rollout_fraction": state.fraction]) { $1 } : state.metrics
    }
}
