import Corpora
import Foundation
import Transformer

extension TrainStage {
    func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> WeightBytes? {
        guard precision == .bf16 else { return nil }
        return configuration(ofOutput: index, estimator).map { WeightBytes($0.cost, bytesPerWeight: 2) }
    }

    func beginsAtRandom(ofOutput index: Int, _ estimator: CostEstimator) -> Bool {
        switch model.origin {
        case .new: true
        case .checkpoint(let reference), .pruned(let reference, _): estimator.beginsAtRandom(reference)
        }
    }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = configuration(ofOutput: Self.modelOutput, estimator)
        let peer = configuration(ofOutput: Self.peerOutput, estimator)
        let learners = [shape, peer].compactMap { $0 }
        let whole = corpus.reduce(synthetic.map { estimator.extent(of: $0) } ?? CorpusExtent()) {
            $0 + estimator.extent(of: $1.source, limit: $1.limit, documents: documents)
        }
        // A corpus may be smaller than a batch.
        let rows = min(
            tokensPerStep / Double(batch.accumulate), whole.tokens > 0 ? whole.tokens : .infinity)
        // Of batches in random order some have more targets than the mean.
        let targets = rows * (lossOn == .assistant ? min(1, 1.2 * whole.targetFraction) : 1)
        // Weights, gradients, two moments, the average where there is one; rounded weights, and gradients to compare with.
        let copies: Double = averageDecay == nil ? 4 : 5
        let extra = (quantization == nil ? 0.0 : 1) + (gradientAngle == nil ? 0 : 1)
        let learnerWeights = learners.reduce(0) { $0 + estimator.weights($1) }
        let state = copies * learnerWeights
        let exits = Double(exits?.options.layers.count ?? 0)
        let running = learners.reduce(0) { $0 + $1.cost.training(rows, targets: targets * (1 + exits)) }
        // Each model's logits stand beside the student's.
        let others =
            Double(teachers.count) + (hasRoutedTeachers ? 1 : 0) + (peer == nil ? 0 : 1) + (exits > 0 ? 1 : 0)
        return CostEstimate(
            seconds: seconds(shape, learners, estimator),
            memoryBytes: estimator.computingBytes + estimator.pieces(shape) + state + extra
                * estimator.weights(shape) + running
                + (1 + others) * estimator.logits(shape, targets) + teaching(rows, whole, estimator)
                + generating(shape, estimator),
            diskBytes: learnerWeights * (precision == .bf16 ? 0.5 : 1),
            // The state of the last save and the one that takes its place: all but the gradients.
            workBytes: 2 * state * (copies - 1) / copies)
    }

    private var tokensPerStep: Double { Double(batch.sequences) * Double(batch.contextLength) }

    private var hasRoutedTeachers: Bool { corpus.contains { $0.teacher != nil } }

    private func seconds(
        _ shape: Configuration?, _ learners: [Configuration], _ estimator: CostEstimator
    ) -> Double {
        let tokens =
            switch duration {
            case .tokens(let tokens): Double(tokens)
            case .steps(let steps): Double(steps) * tokensPerStep
            case .epochs(let epochs):
                epochs * estimator.extent(of: corpus.map(\.source) + (synthetic.map { [$0] } ?? [])).tokens
            }
        // Of corpora with teachers of their own, the most that any of them costs.
        let routed = corpus.compactMap(\.teacher).compactMap(estimator.configuration)
            .map(\.cost.forwardOperations).max()
        let teaching = teachers.compactMap { estimator.configuration(of: $0.model) }
            .reduce(routed ?? 0) { $0 + $1.cost.forwardOperations }
        // An exit reads the head three times, as its last layer does, and once more the last layer's.
        let exits =
            Double(4 * (exits?.options.layers.count ?? 0)) * (shape?.cost.headOperations ?? 0)
        let operations = 3 * learners.reduce(0) { $0 + $1.cost.forwardOperations } + teaching + exits
        return estimator.seconds(tokens * operations, rate: CostEstimator.trainingRate)
    }

    /// Memory of teachers, which run one after the other. Losses on activations run the first as a whole.
    private func teaching(_ rows: Double, _ whole: CorpusExtent, _ estimator: CostEstimator) -> Double {
        let references =
            teachers.map(\.model) + CostEstimator.distinct(corpus.compactMap(\.teacher))
            + (gradientAngle.map { [$0.teacher] } ?? [])
        let readsActivations = !features.isEmpty && !teachers.isEmpty
        let passes = references.map { reference in
            let shape = estimator.configuration(of: reference)
            return estimator.passes(shape, rows, of: whole, context: batch.contextLength)
                + (readsActivations ? shape?.cost.activations(rows) ?? 0 : 0)
        }
        return references.reduce(0) { $0 + estimator.loaded($1) } + (passes.max() ?? 0)
    }

    /// Memory of the student's own answers.
    private func generating(_ shape: Configuration?, _ estimator: CostEstimator) -> Double {
        guard let onPolicy else { return 0 }
        return estimator.generation(
            shape, estimator.extent(of: onPolicy.prompts, asPrompts: true), sequences: tokensPerStep / 64,
            answer: Double(onPolicy.sampling.maxNewTokens))
    }
}
