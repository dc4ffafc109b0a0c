import Support
import Tensors
import Transformer

/// The decoding rate of a model.
public enum DecodingSpeed {
    /// Tokens per second with one sequence at a time, from a short prompt: the median of three runs.
    ///
    /// - Parameters:
    ///   - decoder: the model to measure
    ///   - tokens: to generate; fewer where its context is shorter
    /// - Returns: NaN where the context has no room
    /// - Throws: `UserError` when there is no memory for the KV cache
    public static func measure(_ decoder: DecoderModel, tokens: Int = 64) throws -> Double {
        let length = min(tokens, decoder.configuration.contextLength - 8)
        guard length > 0 else { return .nan }
        let generator = try BatchGenerator(decoder, slots: 1, capacity: length + 8)
        let request = GenerationRequest(
            prompt: [1, 2, 3, 4].map { min($0, Int32(decoder.configuration.vocabularySize - 1)) },
            options: .greedy(maxNewTokens: length), stream: RandomStream(seed: 0, purpose: "speed"))
        let rates = try (0..<3).map { _ in
            var written = 0
            let start = ContinuousClock.now
            try generator.run([request]) { written = $0.tokens.count }
            return Double(written) / (ContinuousClock.now - start).seconds
        }
        return rates.median
    }
}
