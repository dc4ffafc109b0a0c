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
    private let student: Decoder
    private let teachers: Teachers?
    private let source: any BatchSource
    private let options: TrainingOptions
    private let validate: ((Decoder) throws -> Double)?
    private let optimizer: AdamW
    private let average: ExponentialMovingAverage?
    /// Nil without feature losses.
    private let features: FeatureObjective?
    private let angle: GradientAngle?
    /// Tokens trained on in a second of this call of `run`: steps with their batches, without measurements and saving.
    public private(set) var tokensPerSecond: Double?
    /// Mean of the angles measured over the whole training, in degrees.
    public private(set) var meanGradientAngle: Double?

    /// What a run has come to.
    struct Position: Codable, Equatable {
        var step = 0
        var tokens = 0
        /// The last line of metrics.
        var metrics: TrainingMetrics?
        /// The held-out loss at its first and its latest measurement.
        var firstValidationLoss: Double?
        var latestValidationLoss: Double?
        /// Every angle to the dense gradient that was measured.
        var gradientAngles: [Double] = []
        /// What the source's later batches depend on.
        var source: Data?
    }

    /// - Parameters:
    ///   - teacher: computes whole distributions during training; nil when the batches carry cached signals, or no
    ///     loss needs a teacher
    ///   - angle: what the gradient is compared with on the way
    ///   - validate: the mean cross-entropy on held-out text
    /// - Throws: `UserError` when a feature loss cannot compare the two models
    public convenience init(
        student: Decoder, teacher: Decoder? = nil, source: any BatchSource, options: TrainingOptions,
        angle: GradientAngle? = nil, validate: ((Decoder) throws -> Double)? = nil
    ) throws {
        try self.init(
            student: student, teachers: teacher.map { Teachers($0) }, source: source, options: options,
            angle: angle, validate: validate)
    }

    /// The same with several teachers.
    public init(
        student: Decoder, teachers: Teachers?, source: any BatchSource, options: TrainingOptions,
        angle: GradientAngle? = nil, validate: ((Decoder) throws -> Double)? = nil
    ) throws {
        self.angle = angle
        let inside =
            teachers.map { TeacherInside($0.decoders[0].configuration) }
            ?? source.hiddenLayers.map { .init($0) }
        precondition(
            options.features.isEmpty || inside != nil, "feature losses need a teacher's hidden states")
        self.student = student
        self.teachers = teachers
        self.source = source
        self.options = options
        self.validate = validate
        student.requireGradients()
        features =
            options.features.isEmpty
            ? nil
            : try FeatureObjective(
                options.features, student: student.configuration, teacher: inside!, seed: options.seed)
        var groups = Self.groups(of: student, options: options)
        if let features { groups.append(AdamW.Group(parameters: features.parameters, weightDecay: 0)) }
        optimizer = AdamW(groups: groups, options: options.optimizer)
        average = options.averageDecay.map { ExponentialMovingAverage(of: student.parameters, decay: $0) }
    }

    /// Matrices decay and norms do not; the embedding and an untied head may learn at a rate of their own.
    private static func groups(of student: Decoder, options: TrainingOptions) -> [AdamW.Group] {
        let tables = student.parameters.filter { ["embedding.weight", "head.weight"].contains($0.name) }
        let norms = student.parameters.filter { $0.tensor.shape.count == 1 }
        let others = student.parameters.filter { parameter in
            !(tables + norms).contains { $0.name == parameter.name }
        }
        let decay = options.optimizer.weightDecay
        return [
            AdamW.Group(parameters: others, weightDecay: decay),
            AdamW.Group(
                parameters: tables, learningRateScale: options.embeddingLearningRateScale, weightDecay: decay),
            AdamW.Group(parameters: norms, weightDecay: 0),
        ]
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
                into: stateTensors, steps: options.steps, from: stateURL)
        {
            position = saved
            if let state = saved.source { try source.restore(state) }
            optimizer.resume(atStep: saved.step)
        }
        try listener?.began(atStep: position.step)
        progress?(.began(stage: "train", total: options.steps, unit: "steps"))
        if position.step > 0 {
            progress?(.note("train: resumed at step \(position.step) of \(options.steps)"))
        }

        var window = MetricsWindow(terms: options.losses, features: options.features)
        var lastSave = (time: ContinuousClock.now, step: position.step)
        var tokensHere = 0
        var timeHere = Duration.zero
        while position.step < options.steps {
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

            let isLast = position.step == options.steps
            let validates = options.validationInterval.map { position.step % $0 == 0 || isLast } ?? false
            // A line ends the window at fixed steps alone, so that a resumed run writes the same lines.
            if position.step % options.logInterval == 0 || validates || isLast {
                var line = window.take(step: position.step, tokens: position.tokens)
                if validates, let validate {
                    let loss = try validate(student)
                    line.validationLoss = loss
                    position.firstValidationLoss = position.firstValidationLoss ?? loss
                    position.latestValidationLoss = loss
                    source.observe(heldOutLoss: loss)
                }
                line.source = source.figures
                line.gradientAngle = position.gradientAngles.last
                try listener?.measured(line)
                position.metrics = line
                if let stateURL, isLast || isDue(since: lastSave, step: position.step) {
                    position.source = try source.savedState()
                    try save(position, to: stateURL)
                    lastSave = (.now, position.step)
                }
            }
        }
        tokensPerSecond = tokensHere > 0 ? Double(tokensHere) / (timeHere / .seconds(1)) : nil
        meanGradientAngle =
            position.gradientAngles.isEmpty
            ? nil : position.gradientAngles.reduce(0, +) / Double(position.gradientAngles.count)
        if let average {
            for (parameter, averaged) in zip(student.parameters, average.averages) {
                parameter.tensor.copyValues(from: averaged.tensor)
            }
        }
        student.requireGradients(false)
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
        var objective = 0.0
        /// The terms as they were at this step, and what each came to; the feature losses after the others.
        var terms: [WeightedLoss]
        var means: [Double]
        /// Length of each term's share of the gradient with respect to what it reads: the logits of all positions, or the
        /// activations.
        var gradientNorms: [Double]
        /// Whether the step had anything for each term to say; policy gradients say nothing of a corpus.
        var applies: [Bool]
        var gradientNorm = 0.0
        /// To the dense gradient, in degrees, where it was measured.
        var gradientAngle: Double?
        var learningRate = 0.0
    }

    /// - Parameter dense: the gradient of the student's weights that this step's is compared with
    private func step(_ position: Position, _ batches: [TrainingBatch], dense: [Tensor]?) throws
        -> StepOutcome
    {
        let targets = batches.reduce(0) { $0 + $1.targets.count }
        let terms = options.losses.map { $0.at(moment(position)) }
        let none = Array(repeating: 0.0, count: terms.count + options.features.count)
        let applies = terms.map { term in
            !term.loss.kind.needsDrawnTokens || batches.contains { term.loss.counts(in: $0) }
        }
        var outcome = StepOutcome(
            terms: terms, means: none, gradientNorms: none,
            applies: applies + options.features.map { _ in true })
        for batch in batches where !batch.targets.isEmpty {
            let share = Double(batch.targets.count) / Double(targets)
            let result = try backward(batch, HeadLoss(counted(terms, in: batch)), share: Float(share))
            outcome.objective += result.objective
            for term in none.indices {
                outcome.means[term] += share * result.means[term]
                outcome.gradientNorms[term] += result.squaredGradientNorms[term]
            }
        }
        outcome.gradientAngle = dense.flatMap {
            GradientAngle.degrees(GradientAngle.gradients(of: student), $0)
        }
        outcome.gradientNorms = outcome.gradientNorms.map { $0.squareRoot() }
        outcome.tokens = batches.reduce(0) { $0 + $1.tokens.ids.count }
        outcome.gradientNorm = optimizer.gradientNorm
        guard outcome.objective.isFinite, outcome.gradientNorm.isFinite else {
            throw UserError(
                "training diverged: at step \(position.step + 1) the loss is \(outcome.objective) and the "
                    + "gradient norm \(outcome.gradientNorm)",
                remedy: "lower the learning rate, lengthen the warm-up, or clip gradients")
        }
        outcome.learningRate =
            Double(options.optimizer.learningRate)
            * options.schedule.factor(step: position.step, total: options.steps)
        let clipping = options.clip.map { min(1, $0 / max(outcome.gradientNorm, 1e-12)) } ?? 1
        optimizer.update(learningRate: Float(outcome.learningRate), gradientScale: Float(clipping))
        average?.update(step: position.step + 1)
        return outcome
    }

    private func counted(_ terms: [WeightedLoss], in batch: TrainingBatch) -> [WeightedLoss] {
        terms.map { WeightedLoss($0.loss, weight: $0.loss.counts(in: batch) ? $0.weight : 0) }
    }

    /// What the gradient is compared with, at steps where it is.
    private func denseGradient(_ batches: [TrainingBatch], step: Int) -> [Tensor]? {
        guard let angle, step % angle.interval == 0 else { return nil }
        let temperature = options.losses.first { $0.loss.needsTeacher }?.loss.temperature ?? 1
        return angle.dense(student, batches, temperature: temperature)
    }

    private func moment(_ position: Position) -> Ramp.Moment {
        let first = position.firstValidationLoss
        return Ramp.Moment(
            share: Double(position.step) / Double(max(options.steps - 1, 1)),
            heldOutLoss: first.flatMap { first in position.latestValidationLoss.map { (first, $0) } })
    }

    private func backward(
        _ batch: TrainingBatch, _ loss: HeadLoss, share: Float
    ) throws -> (objective: Double, means: [Double], squaredGradientNorms: [Double]) {
        if let sparse = batch.signal,
            let problem = loss.terms.lazy.compactMap({ sparse.problem(with: $0.loss) }).first
        {
            throw UserError(
                problem, remedy: "change the loss, label the corpus again, or train with the teacher itself",
                status: .configuration)
        }
        let inside = features.flatMap { _ in
            teachers.map { teachers in
                withoutGradients { teachers.decoders[0].activations(batch.teacherTokens) }
            }
        }
        let signal = batch.signal.map(TeacherSignal.sparse) ?? teachers.map { listen($0, batch, inside) }
        let ((result, terms, objective), tape) = Tape.record {
            let own = features.map { _ in student.activations(batch.tokens) }
            let result = loss(
                hidden: gatherRows(own?.final ?? student.hiddenStates(batch.tokens), at: batch.positions),
                head: student.head, targets: batch.targets, drawn: batch.drawn, teacher: signal,
                scale: share / Float(batch.targets.count))
            guard let features, let own else {
                return (result, [FeatureObjective.Term](), result.objective)
            }
            let terms = features(batch, student: own, teacher: inside, scale: share)
            return (result, terms, addObjectives([result.objective] + terms.map(\.objective)))
        }
        tape.backward(from: objective)
        return (
            Double(objective.values[0]), result.means + terms.map(\.mean),
            result.squaredGradientNorms + terms.map(\.squaredGradientNorm)
        )
    }

    /// What the teachers say at the batch's positions; the first may have been run already.
    private func listen(_ teachers: Teachers, _ batch: TrainingBatch, _ first: Activations?) -> TeacherSignal
    {
        let members = teachers.decoders.enumerated().map { index, decoder in
            let run = index == 0 ? first.map { gatherRows($0.final, at: batch.teacherPositions) } : nil
            return (
                hidden: run ?? decoder.frozenHiddenStates(batch.teacherTokens, at: batch.teacherPositions),
                head: decoder.head
            )
        }
        return .mixture(members, teachers.mixture)
    }

    // MARK: - State

    /// Every tensor that the next step depends on.
    private var stateTensors: [(name: String, tensor: Tensor)] {
        student.parameters.map { ("weight." + $0.name, $0.tensor) } + optimizer.state
            + (features?.parameters ?? [])
            + (average?.averages.map { ("average." + $0.name, $0.tensor) } ?? [])
    }

    private func save(_ position: Position, to url: URL) throws {
        try TrainingState.save(position, tensors: stateTensors, to: url)
    }
}
