import Foundation
import Support
import Tensors

/// How likely a drawn token was: natural logarithms of probabilities.
public struct TokenLogProbabilities: Codable, Equatable, Sendable {
    /// To the model that writes, q.
    public var own: Float
    /// To the model beside it, p.
    public var mixtureModel: Float
    /// Under the mixture it was drawn from, λp + (1−λ)q without the tokens that are excluded.
    public var drawn: Float

    public init(own: Float, mixtureModel: Float, drawn: Float) {
        self.own = own
        self.mixtureModel = mixtureModel
        self.drawn = drawn
    }
}

/// A second model that reads along while the first one writes, and has a say in it: tokens are drawn from λp + (1−λ)q, p its
/// distribution and q the writer's (MiniLLM, arXiv 2306.08543). The mixture comes before temperature and cuts.
final class MixtureModel {
    let decoder: DecoderModel
    /// λ.
    let share: Float
    private let cache: KeyValueCache

    /// - Throws: `UserError` when there is no memory for its keys and values
    init(_ decoder: DecoderModel, share: Float, slots: Int, capacity: Int) throws {
        precondition((0...1).contains(share), "a share of \(share)")
        self.decoder = decoder
        self.share = share
        cache = try KeyValueCache(for: decoder.configuration, slots: slots, capacity: capacity)
    }

    var capacity: Int { cache.capacity }

    /// What this model says next of some sequences: brings its cache up to date with their answers.
    ///
    /// - Returns: logits, [sequences, V]
    func logits(_ sequences: [(slot: Int, sequence: RunningSequence)]) -> Tensor {
        let parts = sequences.map { slot, sequence in
            let tokens = sequence.mixtureModelTokens
            // At least the last token is computed anew: its hidden state gives the logits.
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
    ///   - excluded: tokens that get −∞; the others share their chance
    ///   - mixed: [2, V], whose first row is the result
    /// - Returns: what tells the logProbabilities of a token
    static func mix(
        _ own: UnsafeMutableBufferPointer<Float>, _ mixtureModel: UnsafeMutableBufferPointer<Float>,
        share: Float, excluded: Set<Int32>, into mixed: UnsafeMutablePointer<Float>
    ) -> (Int32) -> TokenLogProbabilities {
        let count = own.count
        let logSums = zip([own, mixtureModel], [mixed, mixed + count]).map { row, output in
            var (maximum, logSum): (Float, Float) = (0, 0)
            kernels.log_sum_exp(row.baseAddress, count, 1, &maximum, &logSum)
            kernels.softmax(row.baseAddress, output, count, 1, maximum, logSum)
            return maximum + logSum
        }
        kernels.scale(mixed, 1 - share, count)
        kernels.add_scaled(mixed + count, share, mixed, count)
        let left = 1 - excluded.reduce(0.0) { $0 + Double(mixed[Int($1)]) }
        kernels.logarithm(mixed, mixed, count)
        for id in excluded { mixed[Int(id)] = -.infinity }
        return { token in
            let (q, p) = (own[Int(token)] - logSums[0], mixtureModel[Int(token)] - logSums[1])
            let chance = Double(share) * exp(Double(p)) + Double(1 - share) * exp(Double(q))
            return TokenLogProbabilities(own: q, mixtureModel: p, drawn: Float(log(chance / left)))
        }
    }
}
