/// Constant factors in a model (muP, arXiv 2203.03466; the Granite models).
public struct Multipliers: Encodable, Equatable, Sendable {
    /// Of embeddings.
    public var embedding: Double
    /// Of what attention and the feed-forward add to the residual stream.
    public var residual: Double
    /// What logits are divided by.
    public var logitDivisor: Double

    /// Factors; 1 changes nothing.
    public init(embedding: Double = 1, residual: Double = 1, logitDivisor: Double = 1) {
        self.embedding = embedding
        self.residual = residual
        self.logitDivisor = logitDivisor
    }

    /// What is wrong with the factors; empty when they are valid.
    var problems: [String] {
        let factors = [("embedding", embedding), ("residual", residual), ("logit", 1 / logitDivisor)]
        return factors.filter { !($0.1 > 0 && $0.1.isFinite) }.map {
            "the \($0.0) multiplier \($0.1) is not positive"
        }
    }
}
