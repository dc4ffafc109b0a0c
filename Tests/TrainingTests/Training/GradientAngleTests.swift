import Corpora
import MethodFixtures
import Foundation
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

@Suite struct GradientAngleTests {
    private let teacher: DecoderModel
    private let documents = Small.documents(40, longest: 30)

    init() throws { teacher = try Small.decoder(seed: 2) }

    /// The angles of a training, one every second step, and the weights it ends with.
    private func train(
        _ losses: [WeightedLoss], signals kind: SparseKind? = nil, sequences: Int = 40, measures: Bool = true
    ) throws -> (angles: [Double], mean: Double?, weights: [String: [Float]]) {
        try withTemporaryDirectory { directory in
            var cache: SignalCache?
            if let kind {
                try LabelingJob(teacher: teacher, origin: Small.origin(kind: kind))
                    .run(EncodedCorpus(documents), into: directory.appending(path: "signals"))
                cache = try SignalCache(directory: directory.appending(path: "signals"))
            }
            let student = try Small.decoder(deviation: 0.1, seed: 9)
            let log = Log()
            let trainer = try Trainer(
                student: student, teacher: cache == nil && losses[0].loss.needsTeacher ? teacher : nil,
                source: CorpusSource(
                    corpus: EncodedCorpus(documents), cache: cache, sequences: sequences, context: 30, seed: 1
                ),
                options: TrainingOptions(steps: 4, losses: losses, logInterval: 2),
                angle: measures ? GradientAngle(to: teacher, interval: 2) : nil)
            try trainer.run(listener: log)
            #expect(trainer.tokensPerSecond! > 0)
            return (
                log.lines.compactMap(\.gradientAngle), trainer.meanGradientAngle, TrainingRun.weights(student)
            )
        }
    }

    private let forward = [WeightedLoss(.forwardKL(temperature: 1))]

    @Test func wholeDistributionsAreTheMeasure() throws {
        let measured = try train(forward)
        #expect(measured.angles.count == 2)
        #expect(measured.angles.allSatisfy { $0 < 0.1 })
        // Half of the arc cosine's resolution in Float32 gradients; a weight changes a length and no direction.
        let heavier = try train([WeightedLoss(.forwardKL(temperature: 1), weight: 7)])
        #expect(heavier.mean! < 0.1)
    }

    @Test func measuringChangesNothing() throws {
        let (with, without) = (try train(forward), try train(forward, measures: false))
        #expect(with.weights == without.weights)
        #expect(without.angles.isEmpty && without.mean == nil)
    }

    /// More of the distribution is closer; scaling both sides to sum to 1 is further off than a tail bucket; text alone
    /// says least.
    @Test func lessIsFurtherOff() throws {
        func angle(_ k: Int, _ loss: Loss) throws -> Double {
            try train([WeightedLoss(loss)], signals: .topK(k: k)).mean!
        }
        let plain = Loss.forwardKL(temperature: 1)
        let renormalized = Loss(.forwardKL, renormalizes: true)
        let (few, many) = (try angle(2, plain), try angle(40, plain))
        #expect(many < few)
        let (biased, text) = (try angle(2, renormalized), try train([WeightedLoss(.crossEntropy)]).mean!)
        #expect(biased > few && text > many)
    }

    /// Drawn again and again for the same text, an unbiased signal's gradients add up to the dense one's direction: the error
    /// of 64 draws is an eighth of one's. No repetition helps a biased signal.
    @Test func onlyBiasSurvivesManyDraws() throws {
        let student = try Small.decoder(deviation: 0.1, seed: 9)
        student.requireGradients()
        let batch = Small.batch(of: documents)
        let dense = GradientAngle(to: teacher).dense(student, used: { student }, [batch], temperature: 1)
        /// Leaves the gradients of signals drawn with so many seeds, added up, in the student.
        func angle(_ kind: SparseKind, _ loss: Loss, draws: UInt64) throws -> Double {
            defer { for (_, tensor) in student.parameters { tensor.gradient = nil } }
            let head = HeadLoss([WeightedLoss(loss)])
            for seed in 1...draws {
                try withTemporaryDirectory { directory in
                    try LabelingJob(teacher: teacher, origin: Small.origin(kind: kind, seed: seed))
                        .run(EncodedCorpus(documents), into: directory.appending(path: "signals"))
                    let cache = try SignalCache(directory: directory.appending(path: "signals"))
                    let (objective, tape) = Tape.record {
                        head(
                            hidden: gatherRows(student.hiddenStates(batch.tokens), at: batch.positions),
                            head: student.head, targets: batch.targets,
                            teacher: .sparse(try! cache.signal(for: documents)), scale: 1
                        ).objective
                    }
                    tape.backward(from: objective)
                }
            }
            return try #require(GradientAngle.degrees(GradientAngle.gradients(of: student), dense))
        }
        let plain = Loss.forwardKL(temperature: 1)
        for kind in [SparseKind.sampled(head: 0, draws: 4), .sampled(head: 2, draws: 4)] {
            let (one, many) = (try angle(kind, plain, draws: 1), try angle(kind, plain, draws: 64))
            // An eighth, with half as much again for chance.
            #expect(tan(many * .pi / 180) < 1.5 / 8 * tan(one * .pi / 180), "\(kind): \(one)° and \(many)°")
        }
        let biased = Loss(.forwardKL, renormalizes: true)
        let (one, many) = (
            try angle(.topK(k: 2), biased, draws: 1), try angle(.topK(k: 2), biased, draws: 4)
        )
        #expect(many > 0.99 * one, "\(one)° and \(many)°")
    }

    @Test func degrees() {
        func tensor(_ values: Float...) -> Tensor { Tensor(shape: [values.count], values: values) }
        expectClose([Float(GradientAngle.degrees([tensor(1, 0)], [tensor(0, 3)])!)], [90])
        expectClose(
            [Float(GradientAngle.degrees([tensor(1), tensor(1)], [tensor(2), tensor(0)])!)], [45],
            relative: 1e-6)
        #expect(GradientAngle.degrees([tensor(0, 0)], [tensor(0, 3)]) == nil)
    }
}
