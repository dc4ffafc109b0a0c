import Foundation
import Transformer

/// A token that the student sampled, with what policy-gradient losses read (MiniLLM, arXiv 2306.08543).
public struct DrawnToken: Equatable, Sendable {
    /// Mean of the reward r = ln p − ln q over the tokens of the answer after this one, p the teacher's probability and q the
    /// student's. 0 for the last token.
    public var advantage: Float
    /// The importance weight q / (λp + (1−λ)q), both when the token was sampled: corrects for the teacher's part in the
    /// sampling distribution.
    public var weight: Float
    /// ln q when the token was sampled.
    public var logProbability: Float

    /// The tokens of one answer.
    ///
    /// As in the paper the rewards that follow are averaged: sums depend on the length of the answer and make students write
    /// ever shorter or longer ones.
    package static func tokens(_ logProbabilities: [TokenLogProbabilities]) -> [DrawnToken] {
        var (sum, following) = (0.0, 0)
        return logProbabilities.reversed().map { logProbabilities in
            defer {
                sum += Double(logProbabilities.mixtureModel - logProbabilities.own)
                following += 1
            }
            return DrawnToken(
                advantage: following == 0 ? 0 : Float(sum / Double(following)),
                weight: exp(logProbabilities.own - logProbabilities.drawn),
                logProbability: logProbabilities.own)
        }.reversed()
    }
}
