import Corpora
import MethodFixtures
import TestSupport
import Testing

@testable import Training

@Suite struct RampTests {
    private func value(
        _ ramp: Ramp, fraction: Double = 0, first: Double? = nil, latest: Double? = nil
    ) -> Float {
        ramp.value(at: TrainingProgress(fraction: fraction, heldOutLoss: first.map { ($0, latest!) }))
    }

    @Test func followsTheSteps() {
        let ramp = Ramp(from: 4, to: 1, driver: .steps(begin: 0.25, end: 0.75))
        let fractions = [0, 0.25, 0.5, 0.75, 1]
        expectClose(fractions.map { value(ramp, fraction: $0) }, [4, 4, 2.5, 1, 1])
        var eased = ramp
        eased.shape = .cosine
        // A quarter of the way the cosine has done (1 − cos 45°) / 2 of the change.
        expectClose(
            [value(eased, fraction: 0.375), value(eased, fraction: 0.5)], [4 - 3 * 0.14644661, 2.5],
            relative: 1e-6)
    }

    @Test func followsTheHeldOutLoss() {
        let ramp = Ramp(from: 0, to: 1, driver: .heldOutLoss(goal: 1))
        #expect(value(ramp, fraction: 0.9) == 0)
        #expect(value(ramp, first: 3, latest: 3) == 0)
        #expect(value(ramp, first: 3, latest: 2) == 0.5)
        #expect(value(ramp, first: 3, latest: 0.5) == 1)
        #expect(value(ramp, first: 3, latest: 4) == 0)
        #expect(value(ramp, first: 0.5, latest: 0.5) == 1)
    }

    /// The trainer hands each step its numbers, logs them, and says what each term contributes.
    @Test func trainingFollowsRampsAndReportsTerms() throws {
        let documents = TrainingRun.countingDocuments()
        var losses = [9.0, 6, 3]
        let run = TrainingRun(
            options: TrainingOptions(
                steps: 5,
                losses: [
                    WeightedLoss(.crossEntropy, weightRamp: Ramp(from: 1, to: 0)),
                    WeightedLoss(
                        .forwardKL(temperature: 1),
                        temperatureRamp: Ramp(from: 4, to: 1, driver: .heldOutLoss(goal: 3))),
                    WeightedLoss(.forwardKL(temperature: 1)),
                ], logInterval: 1, validationInterval: 2),
            teacher: try Small.decoder(),
            source: {
                try CorpusSource(corpus: EncodedCorpus(documents), sequences: 4, context: 10, seed: 1)
            },
            validate: { _ in losses.removeFirst() })
        let log = Log()
        try run.run(log: log)
        #expect(log.lines.map { $0.termWeights["cross_entropy"] } == [1, 0.75, 0.5, 0.25, 0])
        #expect(log.lines.map { $0.termTemperatures["forward_kl"] } == [4, 4, 4, 4, 2.5].map { $0 })
        #expect(log.lines.allSatisfy { $0.termTemperatures["forward_kl_2"] == nil })
        let norms = log.lines.map(\.termGradientNorms)
        #expect(norms.allSatisfy { Set($0.keys) == ["cross_entropy", "forward_kl", "forward_kl_2"] })
        #expect(norms[0]["cross_entropy"]! > 0.01 && norms[4]["cross_entropy"] == 0)
    }
}
