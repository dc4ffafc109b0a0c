import Foundation
import Support
import Tensors

/// How likely a drawn token was: natural logarithms of probabilities.
public struct TokenLogProbabilities: Codable, Equatable, Sendable {
    /// To the generating model, q.
    public var own: Float
    /// To the second model, p.
    public var mixtureModel: Float
    /// Under the mixture it was drawn from, λp + (1−λ)q without the tokens that are excluded.
    public var drawn: Float

    /// The logarithms of one token's probabilities.
    public init(own: Float, mixtureModel: Float, drawn: Float) {
        self.own = own
        self.mixtureModel = mixtureModel
        self.drawn = drawn
    }
}

/// The second model of a mixture that tokens are sampled from: λp + (1−λ)q, p its distribution and q the generating model's
/// (MiniLLM, arXiv 2306.08543). Temperature and nucleus filtering apply to the mixture.
final class MixtureModel {
    let decoder: DecoderModel
    /// λ.
    let weight: Float
    private let cache: KeyValueCache

    /// - Throws: `UserError` when there is no memory for its keys and values
    init(_ decoder: DecoderModel, weight: Float, slots: Int, capacity: Int) throws {
        precondition((0...1).contains(weight), "a mixture weight of \(weight)")
        self.decoder = decoder
        self.weight = weight
        cache = try KeyValueCache(for: decoder.configuration, slots: slots, capacity: capacity)
    }

    var capacity: Int { cache.capacity }

    /// This model's next-token logits for some sequences, after bringing its cache up to date with their answers.
    ///
    /// - Returns: [sequences, V]
    func logits(_ sequences: [(slot: Int, sequence: RunningSequence)]) -> Tensor {
        let parts = sequences.map { slot, sequence in
            let tokens = sequence.mixtureModelTokens
            // At least the last token is recomputed: its hidden state gives the logits.
            let held = cache.adoptPrefix(of: tokens, limit: tokens.count - 1, in: slot)
            return CacheExtension(slot: slot, tokens: tokens[held...])
        }
        return decoder.samplingLogits(decoder.extend(parts, in: cache))
    }
}

extension TokenLogProbabilities {
    /// Writes the logarithm of the mixture of two models, λp + (1−λ)q, to `mixed`.
    ///
    /// - Parameters:
    ///   - own: q's logits, [V], finite
    ///   - mixtureModel: p's
    ///   - excluded: tokens that get −∞; their probability is distributed over the others
    ///   - mixed: [2, V], whose first row is the result
    /// - Returns: a function from a token to its log-probabilities
    static func mix(
        _ own: UnsafeMutableBufferPointer<Float>, _ mixtureModel: UnsafeMutableBufferPointer<Float>,
        weight: Float, excluded: Set<Int32>, into mixed: UnsafeMutablePointer<Float>
    ) -> (Int32) -> TokenLogProbabilities {
        let count = own.count
        let logSums = zip([own, mixtureModel], [mixed, mixed + count]).map { row, output in
            let sum = LogSumExp(row.baseAddress!, count: count)
            sum.softmax(of: row.baseAddress!, into: output, count: count)
            return sum.value
        }
        kernels.scale(mixed, 1 - weight, count)
        kernels.add_scaled(mixed + count, weight, mixed, count)
        let left = 1 - excluded.reduce(0.0) { $0 + Double(mixed[Int($1)]) }
        kernels.logarithm(mixed, mixed, count)
        for id in excluded { mixed[Int(id)] = -.infinity }
        return { token in
            let (q, p) = (own[Int(token)] - logSums[0], mixtureModel[Int(token)] - logSums[1])
            let chance = Double(weight) * exp(Double(p)) + Double(1 - weight) * exp(Double(q))
            return TokenLogProbabilities(own: q, mixtureModel: p, drawn: Float(log(chance / left)))
        }
    }
}
