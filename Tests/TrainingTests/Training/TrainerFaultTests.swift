import Corpora
import MethodFixtures
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

@Suite struct TrainerFaultTests {
    private func run(steps: Int = 6, _ change: (inout TrainingOptions) -> Void = { _ in }) -> TrainingRun {
        var options = TrainingOptions(
            steps: steps, losses: [WeightedLoss(.crossEntropy)], saveInterval: .steps(2), logInterval: 2)
        change(&options)
        return TrainingRun(options: options) {
            try CorpusSource(
                corpus: EncodedCorpus(TrainingRun.countingDocuments()), sequences: 4, context: 10, seed: 1)
        }
    }

    @Test func aLossThatIsNoNumberEndsTheRun() throws {
        var diverging = run()
        diverging.student = {
            let student = try Small.decoder()
            student.parameter("norm.weight").pointer[0] = .nan
            return student
        }
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "state")
            let error = #expect(throws: UserError.self) { try diverging.run(stateURL: url) }
            #expect(error?.problem.contains("training diverged: at step 1") == true)
            #expect(error?.hint?.contains("learning rate") == true)
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }

    /// A rate that throws the weights out of range on its own.
    @Test func anAbsurdLearningRate() {
        let absurd = run(steps: 60) {
            $0.optimizer.learningRate = 1e30
            $0.optimizer.weightDecay = 0
        }
        let error = #expect(throws: UserError.self) { try absurd.run() }
        #expect(error?.problem.contains("training diverged") == true)
    }

    @Test func statesThatDoNotFit() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "state")
            try run().run(stateURL: url)
            let saved = try Data(contentsOf: url)
            func problem(_ other: TrainingRun) -> String {
                let error = #expect(throws: UserError.self) { try other.run(stateURL: url) }
                #expect(error?.file?.hasSuffix("state") == true)
                #expect(error?.hint == "delete it to train from the beginning")
                return error?.problem ?? ""
            }
            var untied = run()
            untied.student = { try Small.decoder(tiedHead: false) }
            #expect(problem(untied).contains("another model or optimizer"))
            var wider = run()
            wider.student = { try Small.decoder(width: 20) }
            #expect(problem(wider).contains("is [97, 16], not [97, 20]"))
            #expect(problem(run { $0.averageDecay = 0.9 }).contains("another model or optimizer"))
            #expect(problem(run(steps: 4)).contains("was saved at step 6 of a run that now has 4"))
            #expect(try Data(contentsOf: url) == saved, "a state that does not fit is left alone")
        }
    }

    @Test func damagedStates() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "state")
            try run().run(stateURL: url)
            let saved = try Data(contentsOf: url)
            for length in [0, 7, 100, saved.count / 2, saved.count - 1] {
                try saved.prefix(length).write(to: url)
                #expect(throws: UserError.self, "\(length) bytes") { try run().run(stateURL: url) }
            }
            // Faults found, line 11: a bit that flips anywhere in the weights, the moments or the position.
            var stream = RandomStream(seed: 3, purpose: "flips")
            let header = 8 + Int(saved[0]) + Int(saved[1]) << 8
            for place in (0..<12).map({ _ in stream.nextIndex(below: saved.count - header) + header }) {
                var flipped = saved
                flipped[place] ^= 1 << UInt8(stream.nextIndex(below: 8))
                try flipped.write(to: url)
                let error = #expect(throws: UserError.self) { try run().run(stateURL: url) }
                #expect(error?.problem.contains("is damaged") == true, "byte \(place)")
            }
            var moved = saved
            let tokens = try #require(moved.range(of: Data("\\\"tokens\\\":2".utf8)))
            moved.replaceSubrange(tokens, with: Data("\\\"tokens\\\":3".utf8))
            try moved.write(to: url)
            #expect(throws: UserError.self) { try run().run(stateURL: url) }
            var text = saved
            let place = try #require(text.range(of: Data("\\\"step\\\":6".utf8)))
            text.replaceSubrange(place, with: Data("\\\"stop\\\":6".utf8))
            try text.write(to: url)
            let error = #expect(throws: UserError.self) { try run().run(stateURL: url) }
            #expect(error?.problem == "is not a saved training state")
        }
    }

    private static let sampledReason =
        "their weights stand for the teacher's probabilities only in forward_kl"

    /// Signals that the losses cannot be computed from end the run at its first step.
    @Test(arguments: [
        (
            Loss.reverseKL(temperature: 1),
            "reverse_kl cannot be computed from sampled signals: \(sampledReason)"
        ),
        (
            .jensenShannon(beta: 0.5, temperature: 1),
            "jsd cannot be computed from sampled signals: \(sampledReason)"
        ),
        (.forwardKL(temperature: 2), "forward_kl has the temperature 2.0, but the signals were taken at 1.0"),
    ])
    func signalsThatDoNotFitTheLosses(loss: Loss, problem: String) throws {
        try withTemporaryDirectory { directory in
            let documents = TrainingRun.countingDocuments()
            try LabelingJob(teacher: Small.decoder(), origin: Small.origin(kind: .sampled(head: 2, draws: 4)))
                .run(EncodedCorpus(documents), into: directory)
            let cache = try SignalCache(directory: directory)
            var wrong = run { $0.losses = [WeightedLoss(.crossEntropy), WeightedLoss(loss)] }
            wrong.source = {
                try CorpusSource(
                    corpus: EncodedCorpus(documents), cache: cache, sequences: 4, context: 10, seed: 1)
            }
            let error = #expect(throws: UserError.self) { try wrong.run() }
            #expect(error?.problem == problem)
        }
    }

    @Test func clippingShortensTheGradientAlone() throws {
        // The first step of AdamW does not see the gradient's length, later ones do.
        let log = Log()
        let free = try run { $0.clip = nil }.run(log: log)
        #expect(log.lines.allSatisfy { $0.gradientNorm > 0.01 })
        #expect(try run { $0.clip = 1e6 }.run() == free)
        #expect(try run { $0.clip = 0.01 }.run() != free)
    }
}
