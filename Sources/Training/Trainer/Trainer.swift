import Foundation
import Signals
import Support
import Tensors
import Transformer

/// Trains a student: forward pass, losses, backward pass, clipped AdamW step.
///
///     let source = CorpusSource(corpus: corpus, cache: cache, sequences: 32, context: 256, seed: 17)
///     let trainer = try Trainer(
///         student: student, source: source,
///         options: TrainingOptions(steps: 1_000, losses: [WeightedLoss(.forwardKL(temperature: 1))]))
///     try trainer.run(stateURL: url)
///
/// The result is a function of the student's initial weights, the batches and the options. Given a file for its state, a run
/// saves it there and can be resumed: the final weights are, byte for byte, those of a run that was never interrupted.
public final class Trainer {
    /// The student, and its peer where it has one.
    private let learners: [Learner]
    /// Each batch carries the index of the teacher that labels it.
    private let teachers: [Teachers]
    private let source: any BatchSource
    private let options: TrainingOptions
    private let validate: ((DecoderModel) throws -> Double)?
    private let angle: GradientAngle?
    /// Tokens per second in the last call of `run`: steps with their batches, without measurements and saving.
    public private(set) var tokensPerSecond: Double?
    /// Mean of the angles measured over the whole training, in degrees.
    public private(set) var meanGradientAngle: Double?

    /// Progress that a resumed run needs.
    struct Position: Codable, Equatable {
        var step = 0
        var tokens = 0
        /// The last line of metrics.
        var metrics: TrainingMetrics?
        /// The held-out loss at its first and its latest measurement.
        var firstValidationLoss: Double?
        var latestValidationLoss: Double?
        /// Every measured angle to the dense gradient.
        var gradientAngles: [Double] = []
        /// State of the batch source.
        var source: Data?
        /// Sums since the last line of metrics, in a run that was interrupted between two lines.
        var window: MetricsWindow.Sums?
        /// SHA-256 of the lines of metrics so far, where the listener stores them.
        var log: Fingerprint?
    }

    /// A run with at most one teacher.
    ///
    /// - Parameters:
    ///   - student: trained in place
    ///   - teacher: computes whole distributions during training; nil when the batches have cached signals, or no loss needs a
    ///     teacher
    ///   - source: provides the batches
    ///   - options: everything else
    ///   - angle: a gradient that the student's is compared with on the way
    ///   - validate: the mean cross-entropy on held-out text
    /// - Throws: `UserError` when a feature loss cannot compare the two models, or the student has no such layer
    public convenience init(
        student: DecoderModel, teacher: DecoderModel? = nil, source: any BatchSource,
        options: TrainingOptions, angle: GradientAngle? = nil,
        validate: ((DecoderModel) throws -> Double)? = nil
    ) throws {
        try self.init(
            student: student, teachers: teacher.map { [Teachers($0)] } ?? [], source: source,
            options: options, angle: angle, validate: validate)
    }

    /// A run with several teachers, of which each batch names one, or with a peer, which is then the teacher.
    ///
    /// - Parameters:
    ///   - student: trained in place
    ///   - teachers: compute whole distributions during training
    ///   - peer: is trained with the student; there is no other teacher then
    ///   - source: provides the batches
    ///   - options: everything else
    ///   - angle: a gradient that the student's is compared with on the way
    ///   - validate: the mean cross-entropy on held-out text
    /// - Throws: `UserError` when a feature loss cannot compare the two models, or the student has no such layer
    public init(
        student: DecoderModel, teachers: [Teachers], peer: Peer? = nil, source: any BatchSource,
        options: TrainingOptions, angle: GradientAngle? = nil,
        validate: ((DecoderModel) throws -> Double)? = nil
    ) throws {
        self.angle = angle
        precondition(teachers.isEmpty || peer == nil, "a student with a peer has no other teacher")
        precondition(
            teachers.count < 2 || options.features.isEmpty, "feature losses compare with one teacher")
        let activations =
            teachers.first.map { TeacherActivations($0.decoders[0].configuration) }
            ?? source.hiddenLayers.map { TeacherActivations($0) }
        let first = try Learner(student, options: options, teacher: activations)
        learners = [first] + (try peer.map { [try $0.learner(beside: options)] } ?? [])
        self.teachers = teachers
        self.source = source
        self.options = options
        self.validate = validate
    }

    /// Trains to the end, and leaves the result (the moving average, where there is one) in the student.
    ///
    /// - Parameters:
    ///   - stateURL: the file that the state is saved in and resumed from; nil saves none
    ///   - listener: receives metrics and, before them, the step that a run is resumed at
    ///   - progress: receives the steps done
    /// - Returns: the last line of metrics
    /// - Throws: `UserError` when the loss is no longer finite, when a saved state does not fit, or when the disk
    ///   refuses; `Interrupted`, after the state was saved, on a signal; and what the listener throws
    @discardableResult
    public func run(
        stateURL: URL? = nil, listener: (any TrainingListener)? = nil, progress: ProgressHandler? = nil
    ) throws -> TrainingMetrics? {
        var position = Position()
        if let stateURL,
            let saved = try TrainingState.restore(
                into: state, steps: options.tokens == nil ? options.steps : .max, from: stateURL)
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

        var window = MetricsWindow(learners.flatMap(\.terms), resuming: position.window)
        var lastSave = (time: ContinuousClock.now, step: position.step)
        var tokensHere = 0
        var timeHere = Duration.zero
        while !isDone(position) {
            var start = ContinuousClock.now
            let batches = try source.batches(forStep: position.step)
            timeHere += ContinuousClock.now - start
            let dense = denseGradient(batches, step: position.step)
            start = .now
            let outcome = try step(position, batches, dense: dense)
            timeHere += ContinuousClock.now - start
            if let degrees = outcome.gradientAngle { position.gradientAngles.append(degrees) }
            position.step += 1
            position.tokens += outcome.tokens
            tokensHere += outcome.tokens
            window.add(outcome)
            progress?(
                .advanced(stage: "train", done: position.step, tokens: tokensHere, loss: outcome.objective))

            let isLast = isDone(position)
            let validates = options.validationInterval.map { position.step % $0 == 0 || isLast } ?? false
            // Lines are written at fixed steps, so that a resumed run writes the same ones.
            if position.step % options.logInterval == 0 || validates || isLast {
                var line = window.take(step: position.step, tokens: position.tokens)
                if validates, let validate {
                    let loss = try validate(learners[0].used)
                    line.validationLoss = loss
                    position.firstValidationLoss = position.firstValidationLoss ?? loss
                    position.latestValidationLoss = loss
                    source.observe(heldOutLoss: loss)
                }
                line.source = source.metrics
                line.gradientAngle = position.gradientAngles.last
                try listener?.measured(line)
                position.metrics = line
                if let stateURL, isLast || isDue(since: lastSave, step: position.step) {
                    try save(&position, window, listener, to: stateURL)
                    lastSave = (.now, position.step)
                }
            }
            if Interruption.isRequested {
                if let stateURL {
                    try save(&position, window, listener, to: stateURL)
                    progress?(.note("train: state saved at step \(position.step) of \(options.steps)"))
                }
                throw Interrupted()
            }
        }
        tokensPerSecond = tokensHere > 0 ? Double(tokensHere) / (timeHere / .seconds(1)) : nil
        meanGradientAngle =
            position.gradientAngles.isEmpty
            ? nil : position.gradientAngles.reduce(0, +) / Double(position.gradientAngles.count)
        learners.forEach { $0.finish() }
        progress?(.finished(stage: "train", summary: summary(position.metrics)))
        return position.metrics
    }

    private func save(
        _ position: inout Position, _ window: MetricsWindow, _ listener: (any TrainingListener)?, to url: URL
    ) throws {
        position.source = try source.savedState()
        position.window = window.sums.steps > 0 ? window.sums : nil
        position.log = try listener?.digest()
        try TrainingState.save(position, tensors: state, to: url)
    }

    /// Verifies a saved state: its content, and the lines of metrics that belong to it.
    ///
    /// - Parameters:
    ///   - url: of the state; nothing is verified where there is none
    ///   - listener: stores the lines; `began(atStep:)` is called with the state's step, as when a run resumes
    /// - Throws: `UserError` naming what is damaged
    public static func verifyState(at url: URL, listener: (any TrainingListener)?) throws {
        guard let (_, position) = try TrainingState.open(url) else { return }
        try listener?.began(atStep: position.step)
        guard let saved = position.log, try listener?.digest() != saved else { return }
        throw UserError(
            "the metrics up to step \(position.step) have not the SHA-256 that the training state names",
            file: url.relativePath, hint: "delete it to train from the beginning")
    }

    private func isDone(_ position: Position) -> Bool {
        guard let tokens = options.tokens else { return position.step >= options.steps }
        // A student whose answers are empty would never reach the tokens.
        return position.tokens >= tokens || position.step >= 8 * max(options.steps, 1)
    }

    private func summary(_ metrics: TrainingMetrics?) -> String {
        guard let metrics else { return "nothing left to train" }
        let loss = metrics.loss.formatted(.number.precision(.fractionLength(4)))
        return "\(metrics.tokens) tokens in \(metrics.step) steps, loss \(loss)"
    }

    private func isDue(since lastSave: (time: ContinuousClock.Instant, step: Int), step: Int) -> Bool {
        switch options.saveInterval {
        case .never: false
        // Saved with a line of metrics: the first at or after each multiple.
        case .steps(let interval): step / interval > lastSave.step / interval
        case .seconds(let seconds): ContinuousClock.now - lastSave.time >= .seconds(seconds)
        }
    }

    // MARK: - One step

    struct StepOutcome {
        var tokens = 0
        /// The student's.
        var objective = 0.0
        /// All learners' terms at this step, and their means.
        var terms: [WeightedLoss?] = []
        var means: [Double] = []
        var gradientNorms: [Double] = []
        /// Whether each term applied to the step; policy gradients do not apply to a corpus.
        var applies: [Bool] = []
        /// Of the student's weights.
        var gradientNorm = 0.0
        /// Angle to the dense gradient, in degrees, where it was measured.
        var gradientAngle: Double?
        var learningRate = 0.0
    }

    /// - Parameter dense: the gradient of the student's weights that this step's is compared with
    private func step(
        _ position: Position, _ batches: [TrainingBatch], dense: [Tensor]?
    ) throws -> StepOutcome {
        let targets = batches.reduce(0) { $0 + $1.targets.count }
        let progress = progress(position)
        var sums = learners.map { _ in Learner.Outcome() }
        for batch in batches where !batch.targets.isEmpty {
            let fraction = Double(batch.targets.count) / Double(targets)
            let outcomes = try backward(batch, at: progress, fraction: Float(fraction))
            for (index, outcome) in outcomes.enumerated() { sums[index].add(outcome, fraction: fraction) }
        }
        let norms = learners.map(\.gradientNorm)
        let degrees = dense.flatMap {
            GradientAngle.degrees(GradientAngle.gradients(of: learners[0].model), $0)
        }
        for (sum, norm) in zip(sums, norms) { try check(sum, norm, step: position.step) }
        let rates = zip(learners, norms).map { $0.update(step: position.step, gradientNorm: $1) }
        return StepOutcome(
            tokens: batches.reduce(0) { $0 + $1.tokens.ids.count }, objective: sums[0].objective,
            terms: learners.flatMap { $0.terms(at: progress) }, means: sums.flatMap(\.means),
            gradientNorms: sums.flatMap(\.squaredGradientNorms).map { $0.squareRoot() },
            applies: learners.flatMap { $0.applies(to: batches) }, gradientNorm: norms[0],
            gradientAngle: degrees, learningRate: rates[0])
    }

    /// The gradient that the student's is compared with, at steps where it is.
    private func denseGradient(_ batches: [TrainingBatch], step: Int) -> [Tensor]? {
        guard let angle, step % angle.interval == 0 else { return nil }
        let temperature = options.losses.first { $0.loss.needsTeacher }?.loss.temperature ?? 1
        return angle.dense(
            learners[0].model, used: { learners[0].used }, batches, temperature: temperature)
    }

    private func check(_ sum: Learner.Outcome, _ norm: Double, step: Int) throws {
        guard !sum.objective.isFinite || !norm.isFinite else { return }
        throw UserError(
            "training diverged: at step \(step + 1) the loss is \(sum.objective) and the gradient norm \(norm)",
            hint: "lower the learning rate, lengthen the warm-up, or clip gradients")
    }

    private func progress(_ position: Position) -> TrainingProgress {
        let first = position.firstValidationLoss
        return TrainingProgress(
            fraction: min(1, Double(position.step) / Double(max(options.steps - 1, 1))),
            heldOutLoss: first.flatMap { first in position.latestValidationLoss.map { (first, $0) } })
    }

    /// Adds a batch's gradients to those of the step.
    private func backward(
        _ batch: TrainingBatch, at progress: TrainingProgress, fraction: Float
    ) throws -> [Learner.Outcome] {
        if let sparse = batch.signal { try learners.forEach { try $0.check(sparse, at: progress) } }
        let teacher = teachers.isEmpty ? nil : teachers[batch.teacher]
        let needsActivations = learners.contains(where: \.needsTeacherActivations)
        let activations = needsActivations ? teacher?.activations(for: batch) : nil
        let signal =
            batch.signal.map(TeacherSignal.sparse) ?? teacher?.signal(for: batch, activations: activations)
        let ((outcomes, objective), tape) = Tape.record {
            let passes = learners.map { $0.forward(batch) }
            let results = learners.indices.map { index in
                // In mutual learning each model is the other's teacher.
                learners[index].objective(
                    passes[index], batch, at: progress,
                    signal: learners.count == 2 ? passes[1 - index].signal : signal, teacher: activations,
                    fraction: fraction)
            }
            return (results.map(\.outcome), addObjectives(results.map(\.tensor)))
        }
        tape.backward(from: objective)
        return outcomes
    }

    /// Every tensor that the next step depends on.
    private var state: [(name: String, tensor: Tensor)] { learners.flatMap(\.state) }
}
