import Distillation
import Foundation
import Support
import Tensors
import Transformer

/// Rates of the toolkit's heavy work at fixed reference shapes, beside the machine's own limit.
///
/// Shapes: a student of 13.8M and a teacher of 62.9M weights, vocabulary 8,192 unless another is asked for, 8 sequences
/// of 256 tokens.
public struct Benchmark {
    public enum Part: String, CaseIterable, Codable, Sendable {
        /// Forward, cross-entropy, backward, AdamW.
        case train
        /// The same with half the weight on a forward KL, T = 2, to the teacher computed online.
        case kd
        /// The teacher's forward pass and its 64 likeliest tokens at every position.
        case label
        /// The teacher writing 64 tokens to each of 16 prompts of 16 tokens, all at once.
        case decode
    }

    /// What one part reached.
    public struct Result: Codable, Sendable {
        public let tokensPerSecond: Double
        /// Share of the sgemm peak that the model's own matrix products make up.
        public let fractionOfPeak: Double
        /// Peak resident memory of the process so far; run a part alone to compare memory.
        public let peakRssMib: Int
    }

    public let studentShape: Configuration
    public let teacherShape: Configuration
    private var vocabulary: Int { studentShape.vocabularySize }
    public let sequences: Int
    public let context: Int
    public let runs: Int

    public init(vocabulary: Int = 8192, sequences: Int = 8, context: Int = 256, runs: Int = 5) {
        studentShape = Configuration(
            vocabularySize: vocabulary, width: 384, layers: 6, heads: 6, feedForward: 1024)
        teacherShape = Configuration(
            vocabularySize: vocabulary, width: 768, layers: 8, heads: 12, feedForward: 2048)
        self.sequences = sequences
        self.context = context
        self.runs = runs
    }

    /// Median GFLOP/s of sgemm on all threads, at a size where it is best.
    public static func sgemmPeak(runs: Int = 9) -> Double {
        let size = 1536
        let a = Tensor.normal([size, size], deviation: 1, from: RandomStream(seed: 1, purpose: "sgemm"))
        let (b, c) = (a.copy(), Tensor(shape: [size, size]))
        MatrixProduct.multiply(a.matrix, b.matrix.transposed, into: c.matrix)
        let rates = (0..<runs).map { _ in
            let start = ContinuousClock.now
            MatrixProduct.multiply(a.matrix, b.matrix.transposed, into: c.matrix)
            return 2 * pow(Double(size), 3) / (ContinuousClock.now - start).seconds / 1e9
        }
        return rates.median
    }

    /// Runs one part: a warm-up, then the median of `runs`.
    ///
    /// - Parameter peak: GFLOP/s from `sgemmPeak`
    public func run(_ part: Part, peak: Double) throws -> Result {
        if part == .decode { return try runDecoding(peak: peak) }
        let work = try workload(for: part)
        var stream = RandomStream(seed: 0, purpose: "benchmark")
        func batch() -> TokenBatch {
            TokenBatch(
                sequences: (0..<sequences).map { _ in
                    (0..<context).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
                })
        }
        work.step(batch())
        let tokens = Double(sequences * context)
        let rates = (0..<runs).map { _ in
            let next = batch()
            let start = ContinuousClock.now
            work.step(next)
            return tokens / (ContinuousClock.now - start).seconds
        }
        let rate = rates.median
        return Result(
            tokensPerSecond: rate, fractionOfPeak: rate * work.flopsPerToken / (peak * 1e9),
            peakRssMib: Machine.peakResidentBytes >> 20)
    }

    private struct Workload {
        let flopsPerToken: Double
        let step: (TokenBatch) -> Void
    }

    private func workload(for part: Part) throws -> Workload {
        // A position sees half the context on average.
        let visible = Double(context + 1) / 2
        let studentFLOPs = 3 * studentShape.forwardFLOPs(context: visible)
        let teacherFLOPs = teacherShape.forwardFLOPs(context: visible)
        switch part {
        case .train:
            let step = try trainingStep(teacher: nil, terms: [WeightedLoss(.crossEntropy)])
            return Workload(flopsPerToken: studentFLOPs, step: step)
        case .kd:
            let teacher = try Decoder(configuration: teacherShape, seed: 2)
            let terms = [
                WeightedLoss(.crossEntropy, weight: 0.5),
                WeightedLoss(.forwardKL(temperature: 2), weight: 0.5),
            ]
            return Workload(
                flopsPerToken: studentFLOPs + teacherFLOPs,
                step: try trainingStep(teacher: teacher, terms: terms))
        case .label:
            let teacher = try Decoder(configuration: teacherShape, seed: 2)
            return Workload(flopsPerToken: teacherFLOPs) { batch in
                let hidden = withoutGradients { teacher.hiddenStates(batch) }
                LogitsChunks.forEach(hidden: hidden, head: teacher.head) { rows, logits in
                    Parallel.forRanges(of: rows.count, grain: 16) { range in
                        var ids = [Int32](repeating: 0, count: 64)
                        var values = [Float](repeating: 0, count: 64)
                        var (maximum, logSum): (Float, Float) = (0, 0)
                        for row in range {
                            let z = logits.pointer + row * logits.stride
                            kernels.log_sum_exp(z, logits.columns, 1, &maximum, &logSum)
                            kernels.top_k(z, logits.columns, 64, &ids, &values)
                        }
                    }
                }
            }
        case .decode: preconditionFailure("decoding has no batches")
        }
    }

    private func runDecoding(peak: Double) throws -> Result {
        let (sequences, prompt, new) = (16, 16, 64)
        let teacher = try Decoder(configuration: teacherShape, seed: 2)
        let generator = try BatchGenerator(teacher, slots: sequences, capacity: prompt + new)
        var stream = RandomStream(seed: 0, purpose: "benchmark")
        func written() throws -> Int {
            let requests = (0..<sequences).map { index in
                GenerationRequest(
                    prompt: (0..<prompt).map { _ in Int32(stream.nextIndex(below: vocabulary)) },
                    options: SamplingOptions(maxNewTokens: new),
                    stream: RandomStream(seed: 0, purpose: "decode", index: UInt64(index)))
            }
            var tokens = 0
            try generator.run(requests) { tokens += $0.tokens.count }
            return tokens
        }
        _ = try written()
        let rates = try (0..<runs).map { _ in
            let start = ContinuousClock.now
            let tokens = try written()
            return Double(tokens) / (ContinuousClock.now - start).seconds
        }
        // The prompt's positions are work too, but not written tokens; no head is needed for all but the last of them.
        let positions = Double(prompt + new) / Double(new)
        let flops = teacherShape.forwardFLOPs(context: Double(prompt + new) / 2) * positions
        return Result(
            tokensPerSecond: rates.median, fractionOfPeak: rates.median * flops / (peak * 1e9),
            peakRssMib: Machine.peakResidentBytes >> 20)
    }

    private func trainingStep(teacher: Decoder?, terms: [WeightedLoss]) throws -> (TokenBatch) -> Void {
        let student = try Decoder(configuration: studentShape, seed: 1)
        student.requireGradients()
        let optimizer = AdamW(parameters: student.parameters, options: .init(learningRate: 1e-4))
        let loss = HeadLoss(terms)
        return { batch in
            let kept = batch.positions.enumerated().filter { $0.element < context - 1 }.map(\.offset)
            let signal = teacher.map { teacher in
                withoutGradients {
                    TeacherSignal.dense(
                        hidden: gatherRows(teacher.hiddenStates(batch), at: kept), head: teacher.head)
                }
            }
            let (objective, tape) = Tape.record {
                loss(
                    hidden: gatherRows(student.hiddenStates(batch), at: kept), head: student.head,
                    targets: kept.map { batch.ids[$0 + 1] }, teacher: signal, scale: 1 / Float(kept.count)
                ).objective
            }
            tape.backward(from: objective)
            optimizer.update(learningRate: 1e-4)
        }
    }
}
