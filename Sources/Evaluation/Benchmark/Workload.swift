import Support
import Tensors
import Transformer

/// Something to repeat and time.
struct Workload {
    /// Operations of the model's matrix products per counted token.
    let flopsPerToken: Double
    /// Runs the workload once; returns the number of tokens it counts for.
    let step: () throws -> Int

    /// A warm-up, then the median rate of `runs`.
    func measure(runs: Int) throws -> BenchmarkResult {
        let before = MachinePeak.sgemm()
        _ = try step()
        let rates = try (0..<runs).map { _ in
            let start = ContinuousClock.now
            let tokens = try step()
            return Double(tokens) / (ContinuousClock.now - start).seconds
        }
        let memory = Machine.peakResidentBytes
        let peak = max(before, MachinePeak.sgemm())
        return BenchmarkResult(
            tokensPerSecond: rates.median, fractionOfPeak: rates.median * flopsPerToken / (peak * 1e9),
            sgemmPeakGflops: peak, peakRssMib: memory >> 20)
    }
}

/// Random tokens of any vocabulary; the time of a computation does not depend on them.
final class RandomTokens {
    private var stream = RandomStream(seed: 0, purpose: "benchmark")
    private let vocabulary: Int

    init(vocabulary: Int) { self.vocabulary = vocabulary }

    func sequence(_ length: Int) -> [Int32] {
        (0..<length).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
    }

    /// `count` distinct tokens: consecutive ids from a random one on.
    func distinct(_ count: Int) -> [Int32] {
        let first = stream.nextIndex(below: max(vocabulary - count, 1))
        return (first..<first + count).map { Int32($0) }
    }

    func batch(sequences: Int, context: Int) -> TokenBatch {
        TokenBatch(sequences: (0..<sequences).map { _ in sequence(context) })
    }
}

extension Workload {
    /// The forward pass and the 64 likeliest tokens at every position.
    static func label(_ model: DecoderModel, sequences: Int, context: Int) -> Workload {
        let tokens = RandomTokens(vocabulary: model.configuration.vocabularySize)
        return Workload(
            flopsPerToken: model.configuration.forwardFLOPs(context: visible(context)),
            step: {
                let hidden = model.frozenHiddenStates(
                    tokens.batch(sequences: sequences, context: context), at: Array(0..<sequences * context))
                LogitsChunks.forEach(hidden: hidden, head: model.head) { rows, logits in
                    Parallel.forRanges(of: rows.count, grain: 16) { range in
                        var ids = [Int32](repeating: 0, count: 64)
                        var values = [Float](repeating: 0, count: 64)
                        for row in range {
                            let z = logits.pointer + row * logits.stride
                            _ = LogSumExp(z, count: logits.columns)
                            kernels.top_k(z, logits.columns, 64, &ids, &values)
                        }
                    }
                }
                return sequences * context
            })
    }

    /// Prefill: the time to the first token of a prompt.
    static func prefill(_ model: DecoderModel, sequences: Int, context: Int) throws -> Workload {
        try generation(model, sequences: sequences, prompt: context - 1, new: 1, counting: .prompt)
    }

    /// Decoding `new` tokens for each of `sequences` prompts, all at once.
    static func decode(_ model: DecoderModel, sequences: Int, prompt: Int = 16, new: Int = 64) throws
        -> Workload
    {
        try generation(model, sequences: sequences, prompt: prompt, new: new, counting: .written)
    }

    private enum Counting { case prompt, written }

    private static func generation(
        _ model: DecoderModel, sequences: Int, prompt: Int, new: Int, counting: Counting
    ) throws -> Workload {
        let generator = try BatchGenerator(model, slots: sequences, capacity: prompt + new)
        let tokens = RandomTokens(vocabulary: model.configuration.vocabularySize)
        // Every position is computed, whichever are counted. Only generated tokens need the head; prompts are counted with it,
        // which makes the fraction of the peak an upper bound.
        let positions = Double(prompt + new)
        let counted = counting == .prompt ? prompt : new
        return Workload(
            flopsPerToken: model.configuration.forwardFLOPs(context: visible(prompt + new)) * positions
                / Double(counted),
            step: {
                let requests = (0..<sequences).map { index in
                    GenerationRequest(
                        prompt: tokens.sequence(prompt), options: SamplingOptions(maxNewTokens: new),
                        stream: RandomStream(seed: 0, purpose: "decode", index: UInt64(index)))
                }
                var written = 0
                try generator.run(requests) { written += $0.tokens.count }
                return counting == .prompt ? sequences * prompt : written
            })
    }

    /// Mean number of positions that a position attends to.
    static func visible(_ context: Int) -> Double { Double(context + 1) / 2 }
}
