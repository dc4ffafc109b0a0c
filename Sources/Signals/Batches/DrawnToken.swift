import Foundation
import Transformer

/// What policy-gradient losses know of one token the student drew (MiniLLM, arXiv 2306.08543).
public struct DrawnToken: Equatable, Sendable {
    /// Mean of r = ln p − ln q over the tokens of the answer after this one: how much more the teacher likes what this
    /// token led to than the student does. 0 for the last token.
    public var advantage: Float
    /// q / (λp + (1−λ)q), both when the token was drawn: makes tokens that the teacher proposed count as if the student had
    /// drawn them.
    public var weight: Float
    /// ln q when the token was drawn.
    public var logProbability: Float

    /// Of the tokens of one answer.
    ///
    /// The paper sums the rewards that follow and divides by their number, so that long answers do not get larger
    /// rewards: sums alone make students write ever shorter or longer.
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
