import Foundation
import Signals
import Support
import Tensors
import Transformer

/// Batches of what the student writes itself, mixed with a corpus: the student learns in the situations its own text
/// leads to (GKD, arXiv 2306.13649).
///
/// A step is the student's own with probability λ, else the corpus's. Of its own steps a share is written anew and the
/// others are drawn from what it wrote before (DistiLLM, arXiv 2402.03898).
public final class OnPolicySource: BatchSource {
    public struct Options: Equatable, Sendable {
        /// λ, the probability that a step is the student's own.
        public var share: Double
        /// Whether λ rises by 0.1 each time the held-out loss is worse than the time before: the student's own text is
        /// taken in as it becomes useful (DistiLLM).
        public var isAdaptive: Bool
        /// Answers kept to be drawn again; 0 writes every own step anew. With any, a step is written anew with
        /// probability 1 − t/T at step t of T: early answers are soon outdated, late ones are not.
        public var replay: Int
        public var sampling: SamplingOptions
        /// The teacher's part in drawing the student's tokens, from λp + (1−λ)q.
        public var teacherShare: Float
        /// Whether batches tell how their targets were drawn, as policy-gradient losses need it.
        public var recordsLogProbabilities: Bool

        public init(
            share: Double = 0.5, isAdaptive: Bool = false, replay: Int = 0,
            sampling: SamplingOptions = .init(), teacherShare: Float = 0,
            recordsLogProbabilities: Bool = false
        ) {
            self.teacherShare = teacherShare
            self.recordsLogProbabilities = recordsLogProbabilities
            self.share = share
            self.isAdaptive = isAdaptive
            self.replay = replay
            self.sampling = sampling
        }
    }

    private struct State: Codable {
        var share: Double
        /// The held-out loss at its latest measurement.
        var heldOutLoss: Double?
        /// Answers written so far: the place in the stream of prompts.
        var written = 0
        /// The latest answers, oldest first.
        var rollouts: [Rollout] = []
        /// Mean length of an answer in the latest own step that was written anew.
        var meanLength: Double
        var figures: [String: Double] = [:]
    }

    private let student: DecoderModel
    /// Reads along where it has a part in the drawing, or its logProbabilities are needed.
    private let teacher: DecoderModel?
    /// Tokens that the teacher can read.
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

    /// - Parameters:
    ///   - student: the model being trained
    ///   - teacher: answers are no longer than it can read; needed where it has a part in the drawing, or logProbabilities are recorded
    ///   - prompts: none so long that it leaves no room in the student's context
    ///   - corpus: gives the other steps
    ///   - stopIDs: tokens that end an answer
    ///   - endID: the token an ended answer ends with
    ///   - excludedIDs: tokens the student never draws, such as other roles' markers: teacher and student may not mean the
    ///     same by them
    ///   - steps: of the whole run, T
    ///   - budget: tokens of a step, over all its parts
    ///   - parts: passes that a step is computed in
    public init(
        student: DecoderModel, teacher: DecoderModel? = nil, prompts: [RolloutPrompt],
        corpus: any BatchSource,
        stopIDs: Set<Int32>, endID: Int32?, excludedIDs: Set<Int32> = [], options: Options, steps: Int,
        budget: Int, parts: Int = 1, seed: UInt64
    ) {
        precondition(!prompts.isEmpty, "the student has nothing to answer")
        precondition((0...1).contains(options.share), "a share of \(options.share)")
        precondition(
            teacher != nil || options.teacherShare == 0 && !options.recordsLogProbabilities,
            "there is no teacher to read along")
        self.student = student
        teacherContext = teacher?.configuration.contextLength ?? .max
        self.teacher = options.teacherShare > 0 || options.recordsLogProbabilities ? teacher : nil
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
        state = State(share: options.share, meanLength: Double(options.sampling.maxNewTokens))
    }

    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        var stream = RandomStream(seed: seed, purpose: "on-policy", index: UInt64(step))
        guard stream.nextUniformDouble() < state.share else { return try corpus.batches(forStep: step) }
        let isFresh =
            options.replay == 0 || state.rollouts.isEmpty
            || stream.nextUniformDouble() < 1 - Double(step) / Double(max(steps, 1))
        let chosen = isFresh ? try write() : replayed(&stream)
        return split(chosen)
    }

    // MARK: - Writing and drawing

    /// Lets the student answer the next prompts: as many as fill the budget if answers are as long as the last ones.
    private func write() throws -> [Rollout] {
        let wanted = max(1, Int(Double(budget) / (meanPrompt + state.meanLength)))
        let places = (state.written..<state.written + wanted).map(prompt(at:))
        let longest = places.map { prompts[$0].student.count }.max()! + options.sampling.maxNewTokens
        // A cache of its own each time: the keys and values of earlier weights are worth nothing.
        let generator = try BatchGenerator(
            student, capacity: min(longest, student.configuration.contextLength),
            mixtureModel: teacher.map { teacher in
                // Where the teacher reads more, it has room for as much of an answer.
                let own = places.map { prompts[$0].teacher.count }.max()! + options.sampling.maxNewTokens
                return (teacher, options.teacherShare, own)
            })
        let requests = places.enumerated().map { index, place -> GenerationRequest in
            var sampling = options.sampling
            sampling.maxNewTokens = min(
                sampling.maxNewTokens, max(1, teacherContext - prompts[place].teacher.count))
            return GenerationRequest(
                prompt: prompts[place].student, options: sampling,
                stream: RandomStream(
                    seed: seed, purpose: "rollout", index: UInt64(state.written + index)),
                stopIDs: stopIDs, excludedIDs: excludedIDs, mixtureModelPrompt: prompts[place].teacher)
        }
        var answers: [Rollout] = []
        var ended = 0
        try generator.run(requests, order: .request) { generation in
            let hasEnded = generation.reason == .stop
            if hasEnded { ended += 1 }
            let end = hasEnded ? endID.map { [$0] } ?? [] : []
            var rollout = Rollout(prompt: places[generation.request], answer: generation.tokens + end)
            if options.recordsLogProbabilities {
                // Another end token than the template's has logProbabilities that are not those of the one that is learnt.
                if generation.endID != nil, generation.endID != endID { rollout.answer = generation.tokens }
                rollout.logProbabilities = Array(generation.logProbabilities.prefix(rollout.answer.count))
            }
            answers.append(rollout)
        }
        state.written += wanted
        answers.removeAll { $0.answer.isEmpty }
        let count = Double(max(answers.count, 1))
        state.meanLength = answers.reduce(0) { $0 + Double($1.answer.count) } / count
        state.figures = [
            "rollout_length": state.meanLength, "rollout_ended": Double(ended) / Double(wanted),
            "rollout_repetition": answers.reduce(0) { $0 + $1.repetition } / count,
        ]
        if options.recordsLogProbabilities {
            let rewards = answers.flatMap { $0.logProbabilities!.map { Double($0.mixtureModel - $0.own) } }
            state.figures["rollout_reward"] = rewards.reduce(0, +) / Double(max(rewards.count, 1))
        }
        if options.replay > 0 {
            state.rollouts = (state.rollouts + answers).suffix(options.replay)
        }
        return answers
    }

    /// Prompts come in a random order, all of them before any comes again.
    private func prompt(at index: Int) -> Int {
        var order = RandomStream(
            seed: seed, purpose: "rollout prompts", index: UInt64(index / prompts.count))
        return order.permutation(of: prompts.count)[index % prompts.count]
    }

    /// Earlier answers up to the budget, each at most once.
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

    public func observe(heldOutLoss: Double) {
        if options.isAdaptive, let before = state.heldOutLoss, heldOutLoss > before {
            state.share = min(1, state.share + 0.1)
        }
        state.heldOutLoss = heldOutLoss
    }

    public func savedState() throws -> Data? {
        return try JSONEncoder.stableEscapingSlashes.encode(state)
    }

    public func restore(_ saved: Data) throws {
        let saved = try JSONDecoder().decode(State.self, from: saved)
        guard saved.rollouts.allSatisfy({ prompts.indices.contains($0.prompt) }) else {
            throw UserError("the saved rollouts answer other prompts", hint: "start the run afresh")
        }
        state = saved
    }

    public var figures: [String: Double] {
        options.isAdaptive ? state.figures.merging(["rollout_share": state.share]) { $1 } : state.figures
    }
}
