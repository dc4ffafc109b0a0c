import Corpora
import MethodFixtures
import TestSupport
import Testing

@testable import Training

@Suite(.serialized, .enabled(if: hasTwoThreads)) struct TrainerThreadTests {
    /// Shapes whose products and loops are split over threads.
    @Test func threadsDoNotMatter() throws {
        let vocabulary = 2_000
        let teacher = try Small.decoder(vocabulary: vocabulary, width: 64, deviation: 0.1)
        let documents = Small.documents(60, vocabulary: vocabulary, longest: 60)
        let run = TrainingRun(
            options: TrainingOptions(
                steps: 3,
                losses: [
                    WeightedLoss(.crossEntropy), WeightedLoss(.jensenShannon(beta: 0.5, temperature: 2)),
                ],
                averageDecay: 0.9),
            teacher: teacher,
            student: { try Small.decoder(vocabulary: vocabulary, width: 64, deviation: 0.1, seed: 2) },
            source: {
                try CorpusSource(
                    corpus: EncodedCorpus(documents), sequences: 16, context: 60, parts: 2, seed: 1)
            })
        let one = try withThreads(1) { try run.run() }
        let two = try withThreads(2) { try run.run() }
        // A name of its own: a failed comparison would print every weight.
        let isSame = one == two
        #expect(isSame)
    }
}
