import Corpora
import MethodFixtures
import Foundation
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

/// A small student learns, from tokens and from every kind of signal.
@Suite struct TrainerLearningTests {
    private let documents = TrainingRun.countingDocuments()

    private func options(_ losses: [WeightedLoss], steps: Int = 120) -> TrainingOptions {
        TrainingOptions(
            steps: steps, losses: losses, optimizer: .init(learningRate: 1e-2, weightDecay: 0),
            schedule: .init(.cosine, warmup: 0.05), logInterval: 10)
    }

    @Test func fromTokens() throws {
        let log = Log()
        try TrainingRun(
            options: options([WeightedLoss(.crossEntropy)]),
            source: { try CorpusSource(corpus: EncodedCorpus(documents), sequences: 8, context: 10, seed: 1) }
        ).run(log: log)
        // An untrained student knows nothing of 97 tokens; the counting leaves nothing open.
        #expect(log.lines.first!.loss > 2)
        #expect(log.lines.last!.loss < 0.2)
        #expect(log.lines.map(\.step) == Array(stride(from: 10, through: 120, by: 10)))
        #expect(log.lines.last!.tokens > log.lines.first!.tokens)
    }

    /// The whole distribution, and three caches of it: each ends far nearer the teacher than it began.
    @Test(arguments: [nil, SparseKind.topK(k: 8), .sampled(head: 4, draws: 16)])
    func fromATeacher(kind: SparseKind?) throws {
        let teacher = try Small.decoder(deviation: 0.25)
        try withTemporaryDirectory { directory in
            var cache: SignalCache?
            if let kind {
                try LabelingJob(teacher: teacher, origin: Small.origin(kind: kind)).run(
                    EncodedCorpus(documents), into: directory)
                cache = try SignalCache(directory: directory)
            }
            let run = TrainingRun(
                options: options([WeightedLoss(.forwardKL(temperature: 1))]),
                teacher: kind == nil ? teacher : nil,
                source: {
                    try CorpusSource(
                        corpus: EncodedCorpus(documents), cache: cache, sequences: 8, context: 10, seed: 1)
                })
            let batch = Small.batch(of: documents)
            let exact = Small.logits(teacher, batch).map { Reference.softmax($0) }
            func divergence(_ student: DecoderModel) -> Double {
                zip(exact, Small.logits(student, batch)).reduce(0) {
                    $0 + Reference.kl($1.0, Reference.softmax($1.1))
                }
                    / Double(exact.count)
            }
            let before = divergence(try run.student())
            let student = try run.student()
            try Trainer(student: student, teacher: run.teacher, source: run.source(), options: run.options)
                .run()
            let after = divergence(student)
            #expect(before > 0.3)
            // Nothing constrains the shape of the tail that top-k leaves, nor what 16 draws never saw.
            #expect(after < (kind == nil ? 0.25 : 0.75) * before, "KL \(before) became \(after)")
        }
    }

    @Test func everyTermIsReported() throws {
        let log = Log()
        try TrainingRun(
            options: options(
                [
                    .init(.crossEntropy, weight: 0.5), .init(.forwardKL(temperature: 1), weight: 0.25),
                    .init(.forwardKL(temperature: 2), weight: 0.125),
                ], steps: 10),
            teacher: Small.decoder(),
            source: { try CorpusSource(corpus: EncodedCorpus(documents), sequences: 4, context: 10, seed: 1) }
        ).run(log: log)
        let line = try #require(log.lines.first)
        #expect(Set(line.terms.keys) == ["cross_entropy", "forward_kl", "forward_kl_2"])
        let sum =
            0.5 * line.terms["cross_entropy"]! + 0.25 * line.terms["forward_kl"]!
            + 0.5 * line.terms["forward_kl_2"]!
        // The objective is rounded to Float32 in each step.
        #expect((line.loss / sum - 1).magnitude < 1e-6)
    }

    /// Mean over the targets of all parts, not over the parts.
    @Test func partsOfAStepAddUp() throws {
        func weights(parts: Bool) throws -> [String: [Float]] {
            let batches = [Small.documents(3, seed: 1), Small.documents(9, seed: 2)]
            let run = TrainingRun(options: options([WeightedLoss(.crossEntropy)], steps: 1)) {
                FixedSource { _ in
                    parts ? batches.map(Small.batch) : [Small.batch(of: batches.flatMap { $0 })]
                }
            }
            return try run.run()
        }
        let (whole, parts) = (try weights(parts: false), try weights(parts: true))
        for (name, values) in whole {
            // AdamW's first step has the size of the rate whatever the gradient: only its sign and rounding show.
            expectClose(parts[name]!, values.map(Double.init), relative: 1e-4, absolute: 2e-5, name)
        }
    }
}
