import Signals
import Tensors
import Training
import Transformer

/// Rates of the toolkit's heavy work at fixed reference shapes.
///
/// - `train`: forward, cross-entropy, backward, AdamW
/// - `kd`: the same with half the weight on a forward KL, T = 2, to the teacher computed online
/// - `kd_top_k`, `kd_sampled`: forward KL to cached signals, the 50 likeliest tokens or 12 sampled ones per position
/// - `label`: the teacher's forward pass and its 64 likeliest tokens at every position
/// - `decode`: the teacher generating 64 tokens for each of 16 prompts of 16 tokens, all at once
///
/// Default shapes: a student of 13.8M weights in 6 layers, a teacher of 62.9M, a vocabulary of
/// 8,192, 8 sequences of 256 tokens.
public struct ReferenceBenchmark: BenchmarkSuite {
    /// The names above.
    public let parts = ["train", "kd", "kd_top_k", "kd_sampled", "label", "decode"]

    private let student: Configuration
    private let teacher: Configuration
    private let runs: Int
    private let sequences: Int
    private let context: Int

    /// - Parameters:
    ///   - vocabulary: Pieces of the vocabulary.
    ///   - layers: Layers of the student.
    ///   - sequences: Sequences per step of training or labelling.
    ///   - context: Tokens per sequence.
    ///   - runs: Runs of each part; the median is reported.
    public init(
        vocabulary: Int = 8192, layers: Int = 6, sequences: Int = 8, context: Int = 256, runs: Int = 5
    ) {
        let longest = max(context, 2048)
        student = Configuration(
            vocabularySize: vocabulary, width: 384, layers: layers, heads: 6, feedForward: 1024,
            contextLength: longest)
        teacher = Configuration(
            vocabularySize: vocabulary, width: 768, layers: 8, heads: 12, feedForward: 2048,
            contextLength: longest)
        self.sequences = sequences
        self.context = context
        self.runs = runs
    }

    /// Measures a part.
    ///
    /// - Throws: `UserError` when there is no memory for it
    public func run(_ part: String) throws -> BenchmarkResult {
        try workload(part).measure(runs: runs)
    }

    private func workload(_ part: String) throws -> Workload {
        func decoder() throws -> DecoderModel { try DecoderModel(configuration: teacher, seed: 2) }
        switch part {
        case "train": return try training(.none, terms: [WeightedLoss(.crossEntropy)])
        case "kd_top_k":
            return try training(.cached(.topK(k: 50)), terms: [WeightedLoss(.forwardKL(temperature: 1))])
        case "kd_sampled":
            let kind = SparseKind.sampled(head: 0, draws: 12)
            return try training(.cached(kind), terms: [WeightedLoss(.forwardKL(temperature: 1))])
        case "kd":
            return try training(
                .online(decoder()),
                terms: [
                    WeightedLoss(.crossEntropy, weight: 0.5),
                    WeightedLoss(.forwardKL(temperature: 2), weight: 0.5),
                ])
        case "label": return try .label(decoder(), sequences: sequences, context: context)
        case "decode": return try .decode(decoder(), sequences: 16)
        default: preconditionFailure("no part \(part)")
        }
    }

    /// Where a step's signals come from.
    private enum Source {
        case none
        case online(DecoderModel)
        case cached(SparseKind)

        var teacher: DecoderModel? { if case .online(let teacher) = self { teacher } else { nil } }
    }

    private func training(_ source: Source, terms: [WeightedLoss]) throws -> Workload {
        let student = try DecoderModel(configuration: student, seed: 1)
        student.requireGradients()
        let optimizer = AdamW(parameters: student.parameters, options: .init(learningRate: 1e-4))
        let loss = HeadLoss(terms)
        let tokens = RandomTokens(vocabulary: student.configuration.vocabularySize)
        let visible = Workload.visible(context)
        let flops =
            3 * student.configuration.forwardFLOPs(context: visible)
            + (source.teacher?.configuration.forwardFLOPs(context: visible) ?? 0)
        let positions = (0..<sequences * context).filter { $0 % context < context - 1 }
        var cached: TeacherSignal?
        if case .cached(let kind) = source {
            cached = .sparse(.random(kind, positions: positions.count, tokens: tokens))
        }
        return Workload(
            flopsPerToken: flops,
            step: {
                let batch = tokens.batch(sequences: sequences, context: context)
                let online = source.teacher.map { teacher in
                    TeacherSignal.dense(
                        hidden: teacher.frozenHiddenStates(batch, at: positions), head: teacher.head)
                }
                let (objective, tape) = Tape.record {
                    loss(
                        hidden: gatherRows(student.hiddenStates(batch), at: positions), head: student.head,
                        targets: positions.map { batch.ids[$0 + 1] }, teacher: online ?? cached,
                        scale: 1 / Float(positions.count)
                    ).objective
                }
                tape.backward(from: objective)
                optimizer.update(learningRate: 1e-4)
                return sequences * context
            })
    }
}

extension SparseSignal {
    /// As many distinct random tokens at every position as a signal of this kind has at most, equally likely.
    fileprivate static func random(_ kind: SparseKind, positions: Int, tokens: RandomTokens) -> SparseSignal {
        var signal = SparseSignal(kind: kind, temperature: 1)
        for _ in 0..<positions {
            switch kind {
            case .topK(let k):
                signal.append(tokens.distinct(k), mass: 0.9)
                signal.tails.append(0.1)
            case .sampled(let head, let draws):
                signal.append(tokens.distinct(head + draws), mass: 1)
                signal.entropies.append(1)
            }
        }
        return signal
    }

    private mutating func append(_ tokens: [Int32], mass: Float) {
        ids += tokens
        weights += tokens.map { _ in mass / Float(tokens.count) }
        offsets.append(ids.count)
    }
}
