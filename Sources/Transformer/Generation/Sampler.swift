import Support
import Tensors

/// Draws the tokens of one sample.
///
/// Its random numbers come from a stream of its own, one a token, so a sample's text depends on that stream and its
/// prompt, never on the batch it ran in.
public struct Sampler: Sendable {
    /// How tokens are drawn.
    public let options: SamplingOptions
    private var stream: RandomStream
    /// Tokens under the repetition penalty; not kept when there is none.
    private var seen: Set<Int32> = []

    /// - Parameters:
    ///   - options: sound ones
    ///   - stream: where this sample's random numbers come from
    ///   - prompt: tokens that count as repeated from the start
    public init(_ options: SamplingOptions, stream: RandomStream, prompt: [Int32] = []) {
        precondition(options.problems.isEmpty, options.problems.joined(separator: "; "))
        self.options = options
        self.stream = stream
        if options.repetitionPenalty != 1 { seen = Set(prompt) }
    }

    /// Chooses the next token.
    ///
    /// Linear in V: the vocabulary is never sorted.
    ///
    /// - Parameter logits: [V], finite or −∞ (excluded); overwritten
    public mutating func next(_ logits: UnsafeMutableBufferPointer<Float>) -> Int32 {
        for id in seen { penalize(&logits[Int(id)]) }
        let token: Int32
        if options.temperature == 0 {
            token = kernels.argmax(logits.baseAddress, logits.count)
        } else {
            token = draw(logits, at: stream.nextPositiveUniform())
        }
        if options.repetitionPenalty != 1 { seen.insert(token) }
        return token
    }

    private func penalize(_ logit: inout Float) {
        logit = logit > 0 ? logit / options.repetitionPenalty : logit * options.repetitionPenalty
    }

    private func draw(_ logits: UnsafeMutableBufferPointer<Float>, at uniform: Double) -> Int32 {
        guard options.topK > 0, options.topK < logits.count else {
            return Int32(index(in: logits, at: uniform))
        }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: options.topK) { ids in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: options.topK) { values in
                kernels.top_k(
                    logits.baseAddress, logits.count, options.topK, ids.baseAddress, values.baseAddress)
                return ids[index(in: values, at: uniform)]
            }
        }
    }

    /// The index of the token drawn among candidates.
    ///
    /// - Parameter candidates: their logits; overwritten
    private func index(in candidates: UnsafeMutableBufferPointer<Float>, at uniform: Double) -> Int {
        let block = 256
        let blocks = (candidates.count + block - 1) / block
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: blocks) { sums in
            let total = kernels.sampling_weights(
                candidates.baseAddress, sums.baseAddress, candidates.count, block, 1 / options.temperature)
            let weights = UnsafeBufferPointer(candidates)
            if options.topP < 1 || options.minP > 0 {
                return filteredIndex(weights, total: total, at: uniform)
            }
            // Whole blocks are passed over first, then one block's weights.
            var target = uniform * total
            var start = 0
            for sum in sums.dropLast() {
                if target < Double(sum) { break }
                target -= Double(sum)
                start += block
            }
            var last: Int?
            for index in start..<min(start + block, weights.count) where weights[index] > vanishing {
                last = index
                target -= Double(weights[index])
                if target < 0 { break }
            }
            return last ?? Int(kernels.argmax(weights.baseAddress, weights.count))
        }
    }
}

extension Sampler {
    /// Draws the index of one of the weights that top-p and min-p keep. The filter passes over its weights several times, so
    /// weights that are certain to be removed are skipped first where there are many.
    private func filteredIndex(_ weights: UnsafeBufferPointer<Float>, total: Double, at uniform: Double)
        -> Int
    {
        func draw(_ weights: UnsafeBufferPointer<Float>, of count: Int) -> Int {
            NucleusFilter(weights, of: count, total: total, topP: options.topP, minP: options.minP).draw(
                at: uniform)
        }
        let room = weights.count / 8
        // A little more than the fraction: sums in Float32 are exact to about 1e-6.
        let wanted = options.topP < 1 ? Double(options.topP) * total * (1 + 1e-5) : .infinity
        let floor = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6].first {
            $0 <= options.minP || kernels.sum_above(weights.baseAddress, weights.count, $0) >= wanted
        }
        guard let floor, room > 0 else { return draw(weights, of: weights.count) }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: room) { kept in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: room) { indices in
                let count = kernels.keep_above(
                    weights.baseAddress, weights.count, floor, kept.baseAddress, indices.baseAddress, room)
                guard count <= room else { return draw(weights, of: weights.count) }
                return Int(indices[draw(UnsafeBufferPointer(rebasing: kept[..<count]), of: weights.count)])
            }
        }
    }
}

/// Weights, relative to the heaviest, that no draw can reach: the kernels' exp stops falling at 1e-38, so an excluded
/// token weighs more than 0.
private let vanishing: Float = 1e-30
