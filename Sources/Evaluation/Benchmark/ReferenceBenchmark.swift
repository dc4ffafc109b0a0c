import Distillation
import Tensors
import Transformer

/// Rates of the toolkit's heavy work at fixed reference shapes.
///
/// - `train`: forward, cross-entropy, backward, AdamW
/// - `kd`: the same with half the weight on a forward KL, T = 2, to the teacher computed online
/// - `label`: the teacher's forward pass and its 64 likeliest tokens at every position
/// - `decode`: the teacher writing 64 tokens to each of 16 prompts of 16 tokens, all at once
///
/// Shapes: a student of 13.8M and a teacher of 62.9M weights, vocabulary 8,192 unless another is asked for, 8 sequences
/// of 256 tokens.
public struct ReferenceBenchmark: BenchmarkSuite {
    public let parts = ["train", "kd", "label", "decode"]

    private let student: Configuration
    private let teacher: Configuration
    private let runs: Int
    private let sequences = 8
    private let context = 256

    public init(vocabulary: Int = 8192, runs: Int = 5) {
        student = Configuration(
            vocabularySize: vocabulary, width: 384, layers: 6, heads: 6, feedForward: 1024)
        teacher = Configuration(
            vocabularySize: vocabulary, width: 768, layers: 8, heads: 12, feedForward: 2048)
        self.runs = runs
    }

    public func run(_ part: String, peak: Double) throws -> BenchmarkResult {
        try workload(part).measure(runs: runs, peak: peak)
    }

    private func workload(_ part: String) throws -> Workload {
        func decoder() throws -> Decoder { try Decoder(configuration: teacher, seed: 2) }
        switch part {
        case "train": return try training(teacher: nil, terms: [WeightedLoss(.crossEntropy)])
        case "kd":
            return try training(
                teacher: decoder(),
                terms: [
                    WeightedLoss(.crossEntropy, weight: 0.5),
                    WeightedLoss(.forwardKL(temperature: 2), weight: 0.5),
                ])
        case "label": return try .label(decoder(), sequences: sequences, context: context)
        case "decode": return try .decode(decoder(), sequences: 16)
        default: preconditionFailure("no part \(part)")
        }
    }

    private func training(teacher: Decoder?, terms: [WeightedLoss]) throws -> Workload {
        let student = try Decoder(configuration: student, seed: 1)
        student.requireGradients()
        let optimizer = AdamW(parameters: student.parameters, options: .init(learningRate: 1e-4))
        let loss = HeadLoss(terms)
        let tokens = RandomTokens(vocabulary: student.configuration.vocabularySize)
        let visible = Workload.visible(context)
        let flops =
            3 * student.configuration.forwardFLOPs(context: visible)
            + (teacher?.configuration.forwardFLOPs(context: visible) ?? 0)
        return Workload(
            flopsPerToken: flops,
            step: {
                let batch = tokens.batch(sequences: sequences, context: context)
                let kept = batch.positions.enumerated().filter { $0.element < context - 1 }.map(\.offset)
                let signal = teacher.map { teacher in
                    TeacherSignal.dense(
                        hidden: teacher.frozenHiddenStates(batch, at: kept), head: teacher.head)
                }
                let (objective, tape) = Tape.record {
                    loss(
                        hidden: gatherRows(student.hiddenStates(batch), at: kept), head: student.head,
                        targets: kept.map { batch.ids[$0 + 1] }, teacher: signal,
                        scale: 1 / Float(kept.count)
                    ).objective
                }
                tape.backward(from: objective)
                optimizer.update(learningRate: 1e-4)
                return sequences * context
            })
    }
}
