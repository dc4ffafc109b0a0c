import Tensors

/// The stored part of one position's distribution.
package struct PositionEntries: Sendable {
    /// Top-k, or the head of a sampled signal, likeliest first.
    var ids: [Int32] = []
    var probabilities: [Float] = []
    /// Tokens drawn from the tail, rising, and how often each was drawn.
    var tailIDs: [Int32] = []
    var tailCounts: [Int] = []
    /// Mass of all tokens outside the head.
    package var tail: Float = 0
    /// Entropy of the whole distribution, in nats; of a sampled signal alone.
    var entropy: Float = 0

    /// The entries of a position whose logits are infinite or NaN.
    static let noNumber = PositionEntries(tail: .nan)

    /// Whether the logits were finite.
    var isNumber: Bool { !tail.isNaN }

    /// Takes the k likeliest tokens; sets their probabilities in p to 0, which leaves the tail there.
    package static func taking(_ k: Int, of p: UnsafeMutablePointer<Float>, vocabulary: Int)
        -> PositionEntries
    {
        var entries = PositionEntries()
        let count = min(k, vocabulary)
        entries.ids = [Int32](repeating: 0, count: count)
        entries.probabilities = [Float](repeating: 0, count: count)
        kernels.top_k(p, vocabulary, count, &entries.ids, &entries.probabilities)
        for id in entries.ids { p[Int(id)] = 0 }
        return entries
    }
}

extension SparseSignal {
    /// Appends one position.
    ///
    /// Its weights are scaled to sum to 1, which undoes the rounding of stored probabilities. The tail's mass of a sampled
    /// signal is divided in proportion to the counts, or left out when nothing was drawn.
    package mutating func append(_ entries: PositionEntries) {
        let draws = entries.tailCounts.reduce(0, +)
        let tail: Double =
            switch kind {
            case .topK: Double(entries.tail)
            case .sampled: draws == 0 ? 0 : Double(entries.tail)
            }
        let scale = 1 / entries.probabilities.reduce(tail) { $0 + Double($1) }
        ids += entries.ids
        weights += entries.probabilities.map { Float(Double($0) * scale) }
        switch kind {
        case .topK: tails.append(Float(tail * scale))
        case .sampled:
            heads.append(entries.ids.count)
            ids += entries.tailIDs
            weights += entries.tailCounts.map { Float(tail * scale * Double($0) / Double(draws)) }
            entropies.append(entries.entropy)
        }
        offsets.append(ids.count)
    }
}
