import Foundation

/// The likeliest tokens at some rows of a prompt, as far as a server's names of tokens can be told apart.
package struct PromptScores: Codable, Equatable, Sendable {
    /// For each row the token ids, likeliest first.
    package var ids: [[Int32]] = []
    /// Their log-probabilities.
    package var logProbabilities: [[Float]] = []
    /// Whether the server repeats the prompt with probabilities beside its tokens, which it may put beside the wrong ones.
    var isEchoed: Bool

    private enum CodingKeys: String, CodingKey {
        case ids
        case logProbabilities = "log_probabilities"
        case isEchoed = "echoed"
    }

    package init(isEchoed: Bool = false) { self.isEchoed = isEchoed }

    /// Several together.
    init(_ parts: [PromptScores]) {
        ids = parts.flatMap(\.ids)
        logProbabilities = parts.flatMap(\.logProbabilities)
        isEchoed = parts.contains { $0.isEchoed }
    }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - entries: tokens and their log-probabilities in any order, each token once
    ///   - k: the most tokens that are kept
    package mutating func append(_ entries: [Int32: Double], k: Int) {
        let kept = entries.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(k)
        ids.append(kept.map(\.key))
        // Rounding may leave a probability above 1.
        logProbabilities.append(kept.map { Float(min(0, $0.value)) })
    }

    /// How unlike the first rows are, over the tokens that are among one of them: 0 for the same, 1 without one in common
    /// (Σ|p − q| / Σ(p + q)); NaN without any token.
    func distance(from other: PromptScores) -> Double {
        func probabilities(_ scores: PromptScores) -> [Int32: Double] {
            Dictionary(
                zip(scores.ids[0], scores.logProbabilities[0].map { exp(Double($0)) }),
                uniquingKeysWith: { $1 })
        }
        let (p, q) = (probabilities(self), probabilities(other))
        let difference = Set(p.keys).union(q.keys).reduce(0) { $0 + abs((p[$1] ?? 0) - (q[$1] ?? 0)) }
        return difference / (p.values.reduce(0, +) + q.values.reduce(0, +))
    }
}
