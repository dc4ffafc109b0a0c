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

    /// The chosen documents, as places in `documents`, rising. A document that no longer fits the budget is passed over.
    ///
    /// - Parameters:
    ///   - documents: none longer than the models' contexts
    ///   - budget: the most tokens the chosen have together
    ///   - model: for all methods but random
    ///   - small: for `difference`
    public func choose(
        from documents: [EncodedDocument], budget: Int, model: Decoder? = nil, small: Decoder? = nil,
        progress: ((_ done: Int) -> Void)? = nil
    ) -> [Int] {
        var room = budget
        var chosen: [Int] = []
        /// Takes a document that fits; tells whether it did.
        func take(_ index: Int) -> Bool {
            guard documents[index].ids.count <= room else { return false }
            room -= documents[index].ids.count
            chosen.append(index)
            return true
        }
        switch method {
        case .random:
            var stream = RandomStream(seed: seed, purpose: "selection")
            for index in stream.permutation(of: documents.count) { _ = take(index) }
        case .difference:
            let large = losses(documents, of: model!, progress)
            let scores = zip(losses(documents, of: small!, progress), large).map { $0 - $1 }
            // Ties in the order of the corpus.
            for index in documents.indices.sorted(by: { (scores[$1], $0) < (scores[$0], $1) }) {
                _ = take(index)
            }
        case .kCenter:
            let features = features(documents, of: model!, progress)
            let mean = Self.mean(features)
            var distances = features.map { Self.squaredDistance($0, mean) }
            var best = distances.indices.min { distances[$0] < distances[$1] }
            while let next = best {
                // What was taken or does not fit is out of the search.
                if take(next) {
                    for index in features.indices where distances[index] >= 0 {
                        let distance = Self.squaredDistance(features[index], features[next])
                        distances[index] = chosen.count == 1 ? distance : min(distances[index], distance)
                    }
                }
                distances[next] = -1
                best = distances.indices.max { distances[$0] < distances[$1] }.flatMap {
                    distances[$0] >= 0 ? $0 : nil
                }
            }
        case .herding:
            let features = features(documents, of: model!, progress)
            let mean = Self.mean(features)
            var sum = mean.map { _ in Float(0) }
            var left = Set(documents.indices)
            while !left.isEmpty {
                let count = Float(chosen.count + 1)
                // argmin ‖mean − (sum + φ)/count‖².
                let wanted = zip(mean, sum).map { count * $0 - $1 }
                let next = left.map { ($0, Self.squaredDistance(features[$0], wanted)) }
                    .min { ($0.1, $0.0) < ($1.1, $1.0) }!.0
                left.remove(next)
                if take(next) { for i in sum.indices { sum[i] += features[next][i] } }
                if room < 2 { break }
            }
        }
        return chosen.sorted()
    }

    // MARK: - What models say of documents

    /// The mean final hidden state over each document's targets.
    private func features(
        _ documents: [EncodedDocument], of model: Decoder, _ progress: ((Int) -> Void)?
    ) -> [[Float]] {
        documents.enumerated().map { index, document in
            defer { progress?(index + 1) }
            let (hidden, batch) = hidden(document, of: model)
            return (0..<hidden.width).map { i in
                batch.positions.indices.reduce(0) { $0 + hidden.pointer(row: $1)[i] }
                    / Float(max(batch.positions.count, 1))
            }
        }
    }

    /// The mean of −ln p over each document's targets.
    private func losses(
        _ documents: [EncodedDocument], of model: Decoder, _ progress: ((Int) -> Void)?
    ) -> [Double] {
        documents.enumerated().map { index, document in
            defer { progress?(index + 1) }
            let (hidden, batch) = hidden(document, of: model)
            return withoutGradients {
                HeadLoss([WeightedLoss(.crossEntropy)])(
                    hidden: hidden, head: model.head, targets: batch.targets, teacher: nil, scale: 1
                ).means[0]
            }
        }
    }

    private func hidden(_ document: EncodedDocument, of model: Decoder) -> (Tensor, TrainingBatch) {
        let batch = TrainingBatch(PackedBatch([0], of: [document]))
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
