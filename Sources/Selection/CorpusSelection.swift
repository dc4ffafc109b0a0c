import Corpora
import Signals
import Support
import Tensors
import Training
import Transformer

// n documents, C width of the model.

/// Chooses documents under a budget of tokens.
public struct CorpusSelection {
    public let method: SelectionMethod
    public let seed: UInt64

    public init(_ method: SelectionMethod, seed: UInt64) {
        self.method = method
        self.seed = seed
    }

    /// A random choice, as places in `lengths`, rising. What no longer fits the budget is passed over.
    ///
    /// - Parameters:
    ///   - lengths: of each document, in tokens or whatever the budget counts
    ///   - budget: the most that the chosen have together
    public static func random(lengths: [UInt32], budget: Int, seed: UInt64) -> [Int] {
        var choice = DocumentChoice(lengths: lengths, budget: budget)
        var stream = RandomStream(seed: seed, purpose: "selection")
        for index in stream.permutation(of: lengths.count) { _ = choice.take(index) }
        return choice.chosen.sorted()
    }

    /// The chosen documents, as places in the corpus, rising. A document that no longer fits the budget is passed over.
    ///
    /// - Parameters:
    ///   - corpus: no document is longer than the models' contexts
    ///   - budget: the most tokens the chosen have together
    ///   - model: where the method asks one
    ///   - small: for `difference`
    ///   - target: for `gradient`, the text that the chosen are to be like
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, model: DecoderModel? = nil, small: DecoderModel? = nil,
        target: EncodedCorpus? = nil, progress: ((_ done: Int) -> Void)? = nil
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        switch method {
        case .random: return Self.random(lengths: corpus.lengths, budget: budget, seed: seed)
        case .difference:
            let large = try losses(corpus, of: model!, progress)
            let scores = zip(try losses(corpus, of: small!, progress), large).map { $0 - $1 }
            choice.takeHighest(scores)
        case .gradient:
            choice.takeHighest(
                try GradientSimilarity(model!, seed: seed).scores(
                    of: corpus, target: target!, progress: progress))
        case .coverage: try TextCoverage(corpus).choose(into: &choice)
        case .kCenter:
            let features = try features(corpus, of: model!, progress)
            let mean = Self.mean(features)
            var distances = features.map { Self.squaredDistance($0, mean) }
            var best = distances.indices.min { distances[$0] < distances[$1] }
            while let next = best {
                // What was taken or does not fit is out of the search.
                if choice.take(next) {
                    for index in features.indices where distances[index] >= 0 {
                        let distance = Self.squaredDistance(features[index], features[next])
                        distances[index] =
                            choice.chosen.count == 1 ? distance : min(distances[index], distance)
                    }
                }
                distances[next] = -1
                best = distances.indices.max { distances[$0] < distances[$1] }.flatMap {
                    distances[$0] >= 0 ? $0 : nil
                }
            }
        case .herding:
            let features = try features(corpus, of: model!, progress)
            let mean = Self.mean(features)
            var sum = mean.map { _ in Float(0) }
            var left = Set(features.indices)
            while !left.isEmpty {
                let count = Float(choice.chosen.count + 1)
                // argmin ‖mean − (sum + φ)/count‖².
                let wanted = zip(mean, sum).map { count * $0 - $1 }
                let next = left.map { ($0, Self.squaredDistance(features[$0], wanted)) }
                    .min { ($0.1, $0.0) < ($1.1, $1.0) }!.0
                left.remove(next)
                if choice.take(next) { for i in sum.indices { sum[i] += features[next][i] } }
                if choice.room < 2 { break }
            }
        }
        return choice.chosen.sorted()
    }

    // MARK: - What models say of documents

    /// The mean final hidden state over each document's targets.
    private func features(
        _ corpus: EncodedCorpus, of model: DecoderModel, _ progress: ((Int) -> Void)?
    ) throws -> [[Float]] {
        try (0..<corpus.count).map { index in
            defer { progress?(index + 1) }
            let (hidden, batch) = hidden(try corpus.document(index), of: model)
            return (0..<hidden.width).map { i in
                batch.positions.indices.reduce(0) { $0 + hidden.pointer(row: $1)[i] }
                    / Float(max(batch.positions.count, 1))
            }
        }
    }

    /// The mean of −ln p over each document's targets.
    private func losses(
        _ corpus: EncodedCorpus, of model: DecoderModel, _ progress: ((Int) -> Void)?
    ) throws -> [Double] {
        try (0..<corpus.count).map { index in
            defer { progress?(index + 1) }
            let (hidden, batch) = hidden(try corpus.document(index), of: model)
            return withoutGradients {
                HeadLoss([WeightedLoss(.crossEntropy)])(
                    hidden: hidden, head: model.head, targets: batch.targets, teacher: nil, scale: 1
                ).means[0]
            }
        }
    }

    private func hidden(_ document: EncodedDocument, of model: DecoderModel) -> (Tensor, TrainingBatch) {
        let batch = TrainingBatch(PackedBatch([document]))
        return (
            withoutGradients { gatherRows(model.hiddenStates(batch.tokens), at: batch.positions) }, batch
        )
    }

    private static func mean(_ features: [[Float]]) -> [Float] {
        guard let width = features.first?.count else { return [] }
        return (0..<width).map { i in features.reduce(0) { $0 + $1[i] } / Float(features.count) }
    }

    private static func squaredDistance(_ a: [Float], _ b: [Float]) -> Float {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sum: Float = 0
                for i in 0..<min(a.count, b.count) { sum += (a[i] - b[i]) * (a[i] - b[i]) }
                return sum
            }
        }
    }
}
