import Signals
import Support
import Tensors
import Transformer

// M positions of a batch that precede targets, C width.

/// One model that is trained, with its objective and its optimizer.
///
/// A trainer has one, or two that learn from each other. A step has three parts: every learner's forward pass, every
/// learner's objective, which may read the other's pass, and, after the backward pass, every learner's update.
final class Learner {
    let model: DecoderModel
    private let options: TrainingOptions
    private let optimizer: AdamW
    private let average: ExponentialMovingAverage?
    /// Nil without feature losses.
    private let features: FeatureObjective?
    /// The terms with their names in the log: losses, then feature losses, which have no `loss`, then those of exits.
    let terms: [(name: String, loss: WeightedLoss?)]
    /// Prefix of the names of saved tensors.
    private let prefix: String

    /// - Parameters:
    ///   - teacher: the teacher activations that feature losses compare with
    ///   - name: of a learner that is not the student, for the log and the saved state
    /// - Throws: `UserError` when the model cannot be trained, a layer does not exist, or a feature loss cannot compare the two models
    init(_ model: DecoderModel, options: TrainingOptions, teacher: TeacherActivations?, name: String? = nil)
        throws
    {
        precondition(
            options.features.isEmpty || teacher != nil, "feature losses need a teacher's hidden states")
        self.model = model
        self.options = options
        prefix = name.map { $0 + "." } ?? ""
        try model.configuration.requireTraining()
        try options.exits?.check(model.configuration)
        model.requireGradients()
        features =
            options.features.isEmpty
            ? nil
            : try FeatureObjective(
                options.features, student: model.configuration, teacher: teacher!, seed: options.seed)
        var groups = Self.groups(of: model, options: options)
        if let features { groups.append(AdamW.Group(parameters: features.parameters, weightDecay: 0)) }
        optimizer = AdamW(groups: groups, options: options.optimizer)
        average = options.averageDecay.map { ExponentialMovingAverage(of: model.parameters, decay: $0) }
        terms = Self.named(options, prefix: name.map { $0 + "_" } ?? "")
    }

    /// Matrices with a row for each piece or position.
    private static let tables = ["embedding.weight", "positions.weight", "head.weight"]

    /// Matrices have weight decay and norms do not; the embedding, learned positions and an untied head may have a learning rate of their own.
    private static func groups(of model: DecoderModel, options: TrainingOptions) -> [AdamW.Group] {
        let tables = model.parameters.filter { Self.tables.contains($0.name) }
        let norms = model.parameters.filter { $0.tensor.shape.count == 1 }
        let others = model.parameters.filter { parameter in
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

    /// A second term of the same name is `NAME_2`.
    private static func named(_ options: TrainingOptions, prefix: String) -> [(String, WeightedLoss?)] {
        let exits = (options.exits?.layers ?? []).flatMap { layer in
            options.exits!.terms.map { ("exit_\(layer)_\($0.loss.name)", WeightedLoss?.some($0)) }
        }
        var seen: [String: Int] = [:]
        return
            (options.losses.map { ($0.loss.name, $0) } + options.features.map { ($0.kind.name, nil) } + exits)
            .map { name, loss in
                seen[name, default: 0] += 1
                return (prefix + (seen[name] == 1 ? name : "\(name)_\(seen[name]!)"), loss)
            }
    }

    // MARK: - One step

    /// Whether its objective reads teacher activations.
    var needsTeacherActivations: Bool { features != nil }

    /// A forward pass, on the tape.
    struct Pass {
        let decoder: DecoderModel
        /// [M, C], the final hidden states at the positions before targets.
        let hidden: Tensor
        /// Where a loss reads activations.
        let activations: Activations?

        /// The model's distributions there, as a teacher's: without gradients.
        var signal: TeacherSignal { .dense(hidden: hidden, head: decoder.head) }
    }

    /// The model of the forward pass: with fake-quantized weights in quantization-aware training.
    var used: DecoderModel { options.quantization.map(model.fakeQuantized) ?? model }

    func forward(_ batch: TrainingBatch) -> Pass {
        let decoder = used
        let needsActivations = features != nil || options.exits != nil
        let activations = needsActivations ? decoder.activations(batch.tokens) : nil
        let final = activations?.final ?? decoder.hiddenStates(batch.tokens)
        return Pass(
            decoder: decoder, hidden: gatherRows(final, at: batch.positions), activations: activations)
    }

    /// The result of a batch, or of a step of several.
    struct Outcome {
        var objective = 0.0
        /// Each term's mean, unweighted, in the order of `terms`.
        var means: [Double] = []
        /// Of each term's part of the gradient with respect to its input, the logits of all positions or the activations;
        /// weight included.
        var squaredGradientNorms: [Double] = []

        /// Adds a batch that has a fraction of the step's targets.
        mutating func add(_ other: Outcome, fraction: Double) {
            if means.isEmpty {
                means = Array(repeating: 0, count: other.means.count)
                squaredGradientNorms = means
            }
            objective += other.objective
            for term in means.indices {
                means[term] += fraction * other.means[term]
                squaredGradientNorms[term] += other.squaredGradientNorms[term]
            }
        }
    }

    /// The terms at a point of the training, in the order of `terms`.
    func terms(at progress: TrainingProgress) -> [WeightedLoss?] { terms.map { $0.loss?.at(progress) } }

    /// Whether each term applies to a step, in the order of `terms`.
    func applies(to batches: [TrainingBatch]) -> [Bool] {
        terms.map { term in
            guard let loss = term.loss?.loss, loss.kind.needsDrawnTokens else { return true }
            return batches.contains { loss.counts(in: $0) }
        }
    }

    /// Refuses cached signals that a loss cannot be computed from.
    func check(_ signal: SparseSignal, at progress: TrainingProgress) throws {
        let losses = options.losses.lazy.map { $0.at(progress).loss }
        guard let problem = losses.compactMap(signal.problem).first else { return }
        throw UserError(
            problem, hint: "change the loss, label the corpus again, or train with the teacher itself",
            status: .configuration)
    }

    /// The objective of a batch, on the tape, where only sums follow it.
    ///
    /// - Parameters:
    ///   - signal: the teacher's distributions at the batch's positions
    ///   - teacher: its activations, where `needsTeacherActivations` and the batch has no cached hidden states
    ///   - fraction: the batch's fraction of the step's targets
    func objective(
        _ pass: Pass, _ batch: TrainingBatch, at progress: TrainingProgress, signal: TeacherSignal?,
        teacher: Activations?, fraction: Float
    ) -> (tensor: Tensor, outcome: Outcome) {
        func compare(_ terms: [WeightedLoss], _ hidden: Tensor, _ signal: TeacherSignal?) -> HeadLoss.Result {
            HeadLoss(terms.map { $0.counted(in: batch) })(
                hidden: hidden, head: pass.decoder.head, targets: batch.targets, drawn: batch.drawn,
                teacher: signal, scale: fraction / Float(batch.targets.count))
        }
        let final = compare(options.losses.map { $0.at(progress) }, pass.hidden, signal)
        let compared =
            features.map { $0(batch, student: pass.activations!, teacher: teacher, scale: fraction) } ?? []
        let exits = (options.exits?.layers ?? []).map { layer in
            let hidden = gatherRows(pass.activations!.hidden[layer - 1], at: batch.positions)
            return compare(options.exits!.terms, pass.decoder.finalNormed(hidden), pass.signal)
        }
        let sum = addObjectives(
            [final.objective] + compared.map(\.objective) + exits.map(\.objective))
        return (
            sum,
            Outcome(
                objective: Double(sum.values[0]),
                means: final.means + compared.map(\.mean) + exits.flatMap(\.means),
                squaredGradientNorms: final.squaredGradientNorms + compared.map(\.squaredGradientNorm)
                    + exits.flatMap(\.squaredGradientNorms))
        )
    }

    /// The norm of all gradients together.
    var gradientNorm: Double { optimizer.gradientNorm }

    /// Takes the optimizer's step `step`, from 0, and releases the gradients.
    ///
    /// - Parameter gradientNorm: before clipping
    /// - Returns: the learning rate
    func update(step: Int, gradientNorm: Double) -> Double {
        let rate =
            Double(options.optimizer.learningRate)
            * options.schedule.factor(step: step, total: options.steps)
        let clipping = options.clip.map { min(1, $0 / max(gradientNorm, 1e-12)) } ?? 1
        optimizer.update(learningRate: Float(rate), gradientScale: Float(clipping))
        average?.update(step: step + 1)
        return rate
    }

    // MARK: - Beginning and end

    /// Every tensor that the next step depends on.
    var state: [(name: String, tensor: Tensor)] {
        let tensors =
            model.parameters.map { ("weight." + $0.name, $0.tensor) } + optimizer.state
            + (features?.parameters ?? [])
            + (average?.averages.map { ("average." + $0.name, $0.tensor) } ?? [])
        return tensors.map { (prefix + $0.0, $0.1) }
    }

    /// Continues after `step` steps, with `state` as it was then.
    func resume(atStep step: Int) { optimizer.resume(atStep: step) }

    /// Leaves the result in the model: the moving average, where there is one.
    func finish() {
        if let average {
            for (parameter, averaged) in zip(model.parameters, average.averages) {
                parameter.tensor.copyValues(from: averaged.tensor)
            }
        }
        model.requireGradients(false)
    }
}

extension WeightedLoss {
    /// The term, with a weight of 0 where it does not apply to a batch.
    fileprivate func counted(in batch: TrainingBatch) -> WeightedLoss {
        loss.counts(in: batch) ? self : WeightedLoss(loss, weight: 0)
    }
}
