import Corpora
import Support
import Tensors
import Transformer

// n documents, C width of the model.

/// How few documents are chosen to stand for many.
public enum SelectionMethod: String, CaseIterable, Sendable {
    case random
    /// The document farthest from all chosen so far, again and again, beginning in the middle (Sener & Savarese 2018, arXiv
    /// 1708.00489): the chosen leave no document far from them.
    case kCenter = "k_center"
    /// The document that moves the mean of the chosen closest to the mean of all (Welling 2009).
    case herding
    /// Where the model is more certain of the text than a small one by most: ln p_model − ln p_small, the mean over targets
    /// (MiniPLM, arXiv 2410.17215): neither what anybody knows nor what nobody can.
    case difference

    /// Whether the hidden states of a model are compared.
    var comparesFeatures: Bool { self == .kCenter || self == .herding }
}

/// Chooses documents under a budget of tokens.
public struct CorpusSelection {
    public let method: SelectionMethod
    public let seed: UInt64

    public init(_ method: SelectionMethod, seed: UInt64) {
        self.method = method
        self.seed = seed
    }

    /// What was chosen so far.
    private struct Choice {
        let lengths: [UInt32]
        /// Tokens that are left of the budget.
        var room: Int
        var chosen: [Int] = []

        /// Takes a document that fits; tells whether it did.
        mutating func take(_ index: Int) -> Bool {
            guard lengths[index] <= room else { return false }
            room -= Int(lengths[index])
            chosen.append(index)
            return true
        }
    }

    /// A random choice, as places in `lengths`, rising. What no longer fits the budget is passed over.
    ///
    /// - Parameters:
    ///   - lengths: of each document, in tokens or whatever the budget counts
    ///   - budget: the most that the chosen have together
    public static func random(lengths: [UInt32], budget: Int, seed: UInt64) -> [Int] {
        var choice = Choice(lengths: lengths, room: budget)
        var stream = RandomStream(seed: seed, purpose: "selection")
        for index in stream.permutation(of: lengths.count) { _ = choice.take(index) }
        return choice.chosen.sorted()
    }

    /// The chosen documents, as places in the corpus, rising. A document that no longer fits the budget is passed over.
    ///
    /// - Parameters:
    ///   - corpus: no document is longer than the models' contexts
    ///   - budget: the most tokens the chosen have together
    ///   - model: for all methods but random
    ///   - small: for `difference`
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, model: Decoder? = nil, small: Decoder? = nil,
        progress: ((_ done: Int) -> Void)? = nil
    ) throws -> [Int] {
        var choice = Choice(lengths: corpus.lengths, room: budget)
        switch method {
        case .random: return Self.random(lengths: corpus.lengths, budget: budget, seed: seed)
        case .difference:
            let large = try losses(corpus, of: model!, progress)
            let scores = zip(try losses(corpus, of: small!, progress), large).map { $0 - $1 }
            // Ties in the order of the corpus.
            for index in scores.indices.sorted(by: { (scores[$1], $0) < (scores[$0], $1) }) {
                _ = choice.take(index)
            }
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
        _ corpus: EncodedCorpus, of model: Decoder, _ progress: ((Int) -> Void)?
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
        _ corpus: EncodedCorpus, of model: Decoder, _ progress: ((Int) -> Void)?
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

    private func hidden(_ document: EncodedDocument, of model: Decoder) -> (Tensor, TrainingBatch) {
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
