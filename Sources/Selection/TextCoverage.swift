import Corpora
import Foundation

// A feature u is a run of targets: an answer in a chat, a piece of a long text. c_u counts it among the chosen.

/// Greedy choice under f(S) = Σ_u ln(1 + c_u(S)), a submodular function of features (Wei, Liu, Kirchhoff & Bilmes 2014, doi
/// 10.1109/ICASSP.2014.6854213): what the chosen say already counts for less each time.
///
/// Documents are taken for their gain a token, so that short ones come first among equals, by falling thresholds
/// (Badanidiyuru & Vondrák 2014, doi 10.1137/1.9781611973402.110): every document whose gain is above the threshold is
/// taken, then the threshold falls by a tenth. The result is within that tenth of greedy choice, which is within 1 − 1/e of
/// the best for documents of equal length.
struct TextCoverage {
    /// Longer runs are divided, so that a text that was copied in part is known.
    private static let longestRun = 32
    /// What a threshold keeps of the one before.
    private static let decay = 0.9

    /// For each document its features, numbered from 0.
    private let features: [[Int32]]
    private let featureCount: Int

    init(_ corpus: EncodedCorpus) throws {
        // Features are told apart by 64 bits of hash.
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
            for (id, isTarget) in zip(document.ids, document.kept) {
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
        /// What each document gains a token, or gained when it was last looked at; it can only have become less.
        var gains = features.indices.map { gain($0, counts) / Double(choice.lengths[$0]) }
        var left = Array(features.indices)
        var threshold = gains.max() ?? 0
        // What has no targets gains nothing and comes last.
        while left.contains(where: { gains[$0] > 0 }) {
            left.removeAll { index in
                guard gains[index] >= threshold else { return false }
                gains[index] = gain(index, counts) / Double(choice.lengths[index])
                guard gains[index] >= threshold else { return false }
                // What does not fit now never will.
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
