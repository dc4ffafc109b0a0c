import Corpora
import Foundation

// A feature u is a run of targets: an answer in a chat, a part of a long text. c_u is its count in the chosen documents.

/// Greedy maximization of f(S) = Σ_u ln(1 + c_u(S)), a submodular function of features with diminishing returns (Wei, Liu,
/// Kirchhoff & Bilmes 2014, doi 10.1109/ICASSP.2014.6854213).
///
/// Documents are taken by their gain per token, with decreasing thresholds (Badanidiyuru & Vondrák 2014, doi
/// 10.1137/1.9781611973402.110): every document whose gain is above the threshold is taken, then the threshold falls by a
/// tenth. The result is within that tenth of the greedy one, which is within 1 − 1/e of the optimum for documents of equal
/// length.
struct TextCoverage {
    /// Longer runs are divided, so that partly equal texts share features.
    private static let longestRun = 32
    /// Factor of the threshold from one pass to the next.
    private static let decay = 0.9

    /// For each document its features, as indices from 0.
    private let features: [[Int32]]
    private let featureCount: Int

    init(_ corpus: EncodedCorpus) throws {
        // Features are identified by 64 bits of hash.
        var numbers: [UInt64: Int32] = [:]
        features = try corpus.map { document in
            var features: [Int32] = []
            var (length, hash): (Int, UInt64) = (0, 0)
            func endRun() {
                guard length > 0 else { return }
                let next = Int32(numbers.count)
                let number = numbers[hash, default: next]
                if number == next { numbers[hash] = next }
                features.append(number)
                (length, hash) = (0, 0)
            }
            for (id, isTarget) in zip(document.ids, document.lossMask) {
                guard isTarget else {
                    endRun()
                    continue
                }
                hash = (hash ^ UInt64(UInt32(bitPattern: id) &+ 1)) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 32
                length += 1
                if length == Self.longestRun { endRun() }
            }
            endRun()
            return features
        }
        featureCount = numbers.count
    }

    /// Fills the choice.
    func choose(into choice: inout DocumentChoice) {
        var counts = [Int32](repeating: 0, count: featureCount)
        /// Each document's gain per token when it was last computed; since then it can only have decreased.
        var gains = features.indices.map { gain($0, counts) / Double(choice.lengths[$0]) }
        var left = Array(features.indices)
        var threshold = gains.max() ?? 0
        // Documents without targets gain nothing and come last.
        while left.contains(where: { gains[$0] > 0 }) {
            left.removeAll { index in
                guard gains[index] >= threshold else { return false }
                gains[index] = gain(index, counts) / Double(choice.lengths[index])
                guard gains[index] >= threshold else { return false }
                // A document that does not fit now never will.
                if choice.take(index) {
                    for feature in features[index] { counts[Int(feature)] += 1 }
                }
                return true
            }
            threshold *= Self.decay
        }
        for index in left { _ = choice.take(index) }
    }

    /// f(S + document) − f(S); a feature that occurs twice in the document counts as if each were the first.
    private func gain(_ document: Int, _ counts: [Int32]) -> Double {
        features[document].reduce(0) { $0 + log1p(1 / Double(counts[Int($1)] + 1)) }
    }
}
