import Foundation
import Support
import Tensors
import Transformer

/// Trains a student: forward, losses, backward, clipped AdamW step, again.
///
/// The result is a function of the student's initial weights, the batches and the options. Given a file for its state
/// the run saves it there and, started again, goes on from it: the final weights are, byte for byte, those of a run
/// that was never stopped.
public final class Trainer {
    /// The student, and its peer where it has one.
    private let learners: [Learner]
    /// Of each batch the one that it names speaks.
    private let teachers: [Teachers]
    private let source: any BatchSource
    private let options: TrainingOptions
    private let validate: ((Decoder) throws -> Double)?

    /// What a run has come to.
    struct Position: Codable, Equatable {
        var step = 0
        var tokens = 0
        /// The last line of metrics.
        var metrics: TrainingMetrics?
        /// The held-out loss at its first and its latest measurement.
        var firstValidationLoss: Double?
        var latestValidationLoss: Double?
        /// What the source's later batches depend on.
        var source: Data?
    }

    /// - Parameters:
    ///   - teacher: computes whole distributions during training; nil when the batches carry cached signals, or no
    ///     loss needs a teacher
    ///   - validate: the mean cross-entropy on held-out text
    /// - Throws: `UserError` when a feature loss cannot compare the two models, or the student has no such layer
    public convenience init(
        student: Decoder, teacher: Decoder? = nil, source: any BatchSource, options: TrainingOptions,
        validate: ((Decoder) throws -> Double)? = nil
    ) throws {
        try self.init(
            student: student, teachers: teacher.map { [Teachers($0)] } ?? [], source: source,
            options: options,
            validate: validate)
    }

    /// The same with several teachers, of which each batch names the one that speaks of it, or with a peer, which is then
    /// the teacher.
    public init(
        student: Decoder, teachers: [Teachers], peer: Peer? = nil, source: any BatchSource,
        options: TrainingOptions, validate: ((Decoder) throws -> Double)? = nil
    ) throws {
        precondition(teachers.isEmpty || peer == nil, "a student with a peer has no other teacher")
        precondition(
            teachers.count < 2 || options.features.isEmpty, "feature losses look into one teacher")
        let first = try Learner(
            student, options: options, teacher: teachers.first?.decoders[0].configuration)
        learners = [first] + (try peer.map { [try $0.learner(beside: options)] } ?? [])
        self.teachers = teachers
        self.source = source
        self.options = options
        self.validate = validate
    }

    /// Trains to the end, and leaves the result (the moving average, where there is one) in the student.
    ///
    /// - Parameters:
    ///   - stateURL: the file that the state is saved in and resumed from; nil keeps none
    ///   - listener: receives metrics and, before them, the step that a run resumes at
    /// - Returns: the last line of metrics
    /// - Throws: `UserError` when the loss is no longer a number, when a saved state does not fit, or when the disk
    ///   refuses; and what the listener throws
    @discardableResult
    public func run(
        stateURL: URL? = nil, listener: (any TrainingListener)? = nil, progress: ProgressHandler? = nil
    ) throws -> TrainingMetrics? {
        var position = Position()
        if let stateURL,
            let saved = try TrainingState.restore(
                into: state, steps: options.steps, from: stateURL)
        {
            position = saved
            if let state = saved.source { try source.restore(state) }
            learners.forEach { $0.resume(atStep: saved.step) }
        }
        try listener?.began(atStep: position.step)
        progress?(.began(stage: "train", total: options.steps, unit: "steps"))
        if position.step > 0 {
            progress?(.note("train: resumed at step \(position.step) of \(options.steps)"))
        }

        var window = MetricsWindow(learners.flatMap(\.terms))
        var lastSave = (time: ContinuousClock.now, step: position.step)
        var tokensHere = 0
        while position.step < options.steps {
            let outcome = try step(position)
            position.step += 1
            position.tokens += outcome.tokens
            tokensHere += outcome.tokens
            window.add(outcome)
            progress?(
                .advanced(stage: "train", done: position.step, tokens: tokensHere, loss: outcome.objective))

            let isLast = position.step == options.steps
            let validates = options.validationInterval.map { position.step % $0 == 0 || isLast } ?? false
            // A line ends the window at fixed steps alone, so that a resumed run writes the same lines.
            if position.step % options.logInterval == 0 || validates || isLast {
                var line = window.take(step: position.step, tokens: position.tokens)
                if validates, let validate {
                    let loss = try validate(learners[0].used)
                    line.validationLoss = loss
                    position.firstValidationLoss = position.firstValidationLoss ?? loss
                    position.latestValidationLoss = loss
                    source.observe(heldOutLoss: loss)
                }
                line.source = source.figures
                try listener?.measured(line)
                position.metrics = line
                if let stateURL, isLast || isDue(since: lastSave, step: position.step) {
                    position.source = try source.savedState()
                    try TrainingState.save(position, tensors: state, to: stateURL)
                    lastSave = (.now, position.step)
                }
            }
        }
        learners.forEach { $0.finish() }
        progress?(.finished(stage: "train", summary: summary(position.metrics)))
        return position.metrics
    }

    private func summary(_ metrics: TrainingMetrics?) -> String {
        guard let metrics else { return "nothing left to train" }
        let loss = metrics.loss.formatted(.number.precision(.fractionLength(4)))
        return "\(metrics.tokens) tokens in \(metrics.step) steps, loss \(loss)"
    }

    private func isDue(since lastSave: (time: ContinuousClock.Instant, step: Int), step: Int) -> Bool {
        switch options.saveInterval {
        case .never: false
        // Saved where a metrics line ends: at the first such step at or after each multiple.
        case .steps(let interval): step / interval > lastSave.step / interval
        case .seconds(let seconds): ContinuousClock.now - lastSave.time >= .seconds(seconds)
        }
    }

    // MARK: - One step

    struct StepOutcome {
        var tokens = 0
        /// The student's.
        var objective = 0.0
        /// All learners' terms as they were at this step, and what each came to.
        var terms: [WeightedLoss?] = []
        var means: [Double] = []
        var gradientNorms: [Double] = []
        /// Of the student's weights.
        var gradientNorm = 0.0
        var learningRate = 0.0
    }

    private func step(_ position: Position) throws -> StepOutcome {
        let batches = try source.batches(forStep: position.step)
        let targets = batches.reduce(0) { $0 + $1.targets.count }
        let moment = moment(position)
        var sums = learners.map { _ in Learner.Outcome() }
        for batch in batches where !batch.targets.isEmpty {
            let share = Double(batch.targets.count) / Double(targets)
            for (index, outcome) in try backward(batch, at: moment, share: Float(share)).enumerated() {
                sums[index].add(outcome, share: share)
            }
        }
        let norms = learners.map(\.gradientNorm)
        for (sum, norm) in zip(sums, norms) { try check(sum, norm, step: position.step) }
        let rates = zip(learners, norms).map { $0.update(step: position.step, gradientNorm: $1) }
        return StepOutcome(
            tokens: batches.reduce(0) { $0 + $1.tokens.ids.count }, objective: sums[0].objective,
            terms: learners.flatMap { $0.terms(at: moment) }, means: sums.flatMap(\.means),
            gradientNorms: sums.flatMap(\.squaredGradientNorms).map { $0.squareRoot() },
            gradientNorm: norms[0], learningRate: rates[0])
    }

    private func check(_ sum: Learner.Outcome, _ norm: Double, step: Int) throws {
        guard !sum.objective.isFinite || !norm.isFinite else { return }
        throw UserError(
            "training diverged: at step \(step + 1) the loss is \(sum.objective) and the gradient norm \(norm)",
            remedy: "lower the learning rate, lengthen the warm-up, or clip gradients")
    }

    private func moment(_ position: Position) -> Ramp.Moment {
        let first = position.firstValidationLoss
        return Ramp.Moment(
            share: Double(position.step) / Double(max(options.steps - 1, 1)),
            heldOutLoss: first.flatMap { first in position.latestValidationLoss.map { (first, $0) } })
    }

    /// Adds a batch's gradients to those of the step.
    private func backward(
        _ batch: TrainingBatch, at moment: Ramp.Moment, share: Float
    ) throws -> [Learner.Outcome] {
        if let sparse = batch.signal { try learners.forEach { try $0.check(sparse, at: moment) } }
        let teacher = teachers.isEmpty ? nil : teachers[batch.teacher]
        let inside = learners.contains(where: \.looksInsideTeacher) ? teacher?.activations(for: batch) : nil
        let signal = batch.signal.map(TeacherSignal.sparse) ?? teacher?.signal(for: batch, inside: inside)
        let ((outcomes, objective), tape) = Tape.record {
            let passes = learners.map { $0.forward(batch) }
            let results = learners.indices.map { index in
                // Of two each hears the other.
                learners[index].objective(
                    passes[index], batch, at: moment,
                    signal: learners.count == 2 ? passes[1 - index].signal : signal, teacher: inside,
                    share: share)
            }
            return (results.map(\.outcome), addObjectives(results.map(\.tensor)))
        }
        tape.backward(from: objective)
        return outcomes
    }

    /// Every tensor that the next step depends on.
    private var state: [(name: String, tensor: Tensor)] { learners.flatMap(\.state) }
}
