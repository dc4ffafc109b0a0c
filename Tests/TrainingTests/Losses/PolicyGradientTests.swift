import Corpora
import MethodFixtures
import Foundation
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

@Suite struct PolicyGradientTests {
    /// The formulas in Double: −w min(ρA, clip(ρ) A), and w Σ q ln(q/p).
    private func plain(_ z: [Double], target: Int, drawn: DrawnToken, clip: Double) -> Double {
        let ratio = exp(z[target] - Reference.logSumExp(z) - Double(drawn.logProbability))
        let advantage = Double(drawn.advantage)
        let clipped = min(max(ratio, 1 - clip), 1 + clip)
        return -Double(drawn.weight) * min(ratio * advantage, clipped * advantage)
    }

    /// Ratios within and beyond the clip on both sides, rewards and penalties.
    @Test(arguments: [-2, -0.15, 0, 0.1, 2] as [Float], [-1.5, 0, 0.7] as [Float])
    func rows(shift: Float, advantage: Float) {
        let logits = Fixture.normal(33, deviation: 2, seed: 3)
        let z = logits.map(Double.init)
        let teacher = Fixture.normal(33, deviation: 2, seed: 4).map(Double.init)
        let (q, p) = (Reference.softmax(z), Reference.softmax(teacher))
        for target in [0, 7] {
            let drawn = DrawnToken(
                advantage: advantage, weight: 0.8, logProbability: Float(log(q[target])) - shift)
            let terms = [WeightedLoss(Loss(.policyGradient, parameters: ["clip": 0.3]), weight: 0.75)]
            let result = evaluateRow(
                terms, logits: logits, target: target, drawn: drawn, teacher: .dense(logits: teacher))
            expectClose(
                result.losses, [plain(z, target: target, drawn: drawn, clip: 0.3)], relative: 1e-5,
                absolute: 1e-7)
            let numerical = centralDifferences(at: [z], input: 0, step: 1e-5) {
                0.75 * plain($0[0], target: target, drawn: drawn, clip: 0.3)
            }
            expectClose(result.gradient, numerical, relative: 2e-5, absolute: 2e-7, "shift \(shift)")

            let step = evaluateRow(
                [WeightedLoss(Loss(.weightedReverseKL))], logits: logits, target: target, drawn: drawn,
                teacher: .dense(logits: teacher))
            expectClose(step.losses, [0.8 * Reference.kl(q, p)], relative: 1e-5)
            let expected = centralDifferences(at: [z], input: 0, step: 1e-3) {
                Double(Float(0.8)) * Reference.kl(Reference.softmax($0[0]), p)
            }
            expectLogitGradient(step.gradient, expected, "one step")
        }
    }

    @Test func onACorpusThereIsNothing() {
        let logits = Fixture.normal(9)
        for kind in [LossKind.policyGradient, .weightedReverseKL] {
            let result = evaluateRow(
                [.init(Loss(kind))], logits: logits,
                teacher: .dense(logits: logits.map(Double.init).reversed()))
            #expect(result.losses == [0] && result.gradient.allSatisfy { $0 == 0 })
        }
    }

    /// The mean reward of what follows, written out.
    @Test func advantages() {
        let logProbabilities = (0..<6).map { (index: Int) -> TokenLogProbabilities in
            TokenLogProbabilities(
                own: -Float(index) - 0.5, mixtureModel: -Float(index * index) / 3,
                drawn: -Float(index) - 0.25)
        }
        let drawn = DrawnToken.tokens(logProbabilities)
        for (t, token) in drawn.enumerated() {
            let rewards = logProbabilities[(t + 1)...].map { Double($0.mixtureModel - $0.own) }
            let mean = rewards.isEmpty ? 0 : rewards.reduce(0, +) / Double(rewards.count)
            expectClose([token.advantage], [mean], relative: 1e-6)
            expectClose([token.weight], [exp(-0.25)], relative: 1e-6)
            #expect(token.logProbability == logProbabilities[t].own)
        }
        #expect(DrawnToken.tokens([]).isEmpty)
    }

    /// For answers of two tokens, drawn by the student alone, both parts together are the gradient of the reverse KL over
    /// whole answers: Σ_y q(y) ∇parts(y) = ∇ Σ_y q(y) ln(q(y)/p(y)), here by enumerating all answers.
    @Test func theWholeAnswersDivergence() {
        let size = 5
        func table(_ seed: UInt64) -> [[Double]] {
            (0...size).map { Fixture.normal(size, seed: seed + UInt64($0)).map(Double.init) }
        }
        // Row 0 for the first token, row 1 + y for the second after y.
        let (student, teacher) = (table(10), table(20))
        func divergence(_ z: [[Double]]) -> Double {
            let (q, p) = (z.map { Reference.softmax($0) }, teacher.map { Reference.softmax($0) })
            var sum = 0.0
            for a in 0..<size {
                for b in 0..<size {
                    let (own, other) = (q[0][a] * q[1 + a][b], p[0][a] * p[1 + a][b])
                    sum += own * log(own / other)
                }
            }
            return sum
        }
        let (q, p) = (student.map { Reference.softmax($0) }, teacher.map { Reference.softmax($0) })
        let terms = [WeightedLoss(Loss(.weightedReverseKL)), WeightedLoss(Loss(.policyGradient))]
        var gradient = [[Double]](repeating: Array(repeating: 0, count: size), count: size + 1)
        for a in 0..<size {
            for b in 0..<size {
                let places = [(row: 0, token: a), (row: 1 + a, token: b)]
                let logProbabilities = places.map { place in
                    let own = Float(log(q[place.row][place.token]))
                    return TokenLogProbabilities(
                        own: own, mixtureModel: Float(log(p[place.row][place.token])), drawn: own)
                }
                for (place, drawn) in zip(places, DrawnToken.tokens(logProbabilities)) {
                    let row = evaluateRow(
                        terms, logits: student[place.row].map(Float.init), target: place.token, drawn: drawn,
                        teacher: .dense(logits: teacher[place.row]))
                    for i in 0..<size {
                        gradient[place.row][i] += q[0][a] * q[1 + a][b] * Double(row.gradient[i])
                    }
                }
            }
        }
        for row in 0...size {
            let numerical = centralDifferences(at: student, input: row, step: 1e-4) { divergence($0) }
            expectClose(gradient[row].map(Float.init), numerical, absolute: 2e-6, "row \(row)")
        }
    }

    /// Training by MiniLLM's losses brings the student's own text closer to what the teacher likes, with answers written
    /// anew and replayed; a killed run goes on to the same bytes.
    @Test func training() throws {
        let teacher = try Small.decoder(seed: 2)
        let prompts = (0..<6).map {
            RolloutPrompt(student: [1, Int32($0 + 2)], teacher: [1, 9, Int32($0 + 2)])
        }
        var student: DecoderModel?
        let run = TrainingRun(
            options: TrainingOptions(
                steps: 60,
                losses: [
                    WeightedLoss(Loss(.weightedReverseKL)), WeightedLoss(Loss(.policyGradient)),
                    WeightedLoss(.crossEntropy, weight: 0.1),
                ], optimizer: .init(learningRate: 1e-2), saveInterval: .steps(20), logInterval: 10),
            teacher: teacher,
            student: {
                let decoder = try Small.decoder(deviation: 0.1, seed: 9)
                student = decoder
                return decoder
            },
            source: {
                try OnPolicySource(
                    student: student!, teacher: teacher, prompts: prompts,
                    corpus: CorpusSource(
                        corpus: EncodedCorpus(Small.documents(20)), sequences: 4, context: 12, seed: 1),
                    stopIDs: [4, 5], endID: 4, excludedIDs: [0, 90],
                    options: .init(
                        fraction: 0.8, replay: 60, sampling: .init(maxNewTokens: 6), teacherFraction: 0.2,
                        recordsLogProbabilities: true), steps: 60, budget: 200, parts: 2, seed: 1)
            })
        try withTemporaryDirectory { directory in
            let (whole, log) = (directory.appending(path: "whole"), Log())
            var states: [Data] = []
            let weights = try run.run(stateURL: whole, log: log) { event in
                if case .advanced = event, let state = try? Data(contentsOf: whole) { states.append(state) }
            }
            let rewards = log.lines.compactMap { $0.source["rollout_reward"] }
            #expect(rewards.last! > rewards[0] + 0.3, "\(rewards)")
            let steps = log.lines.compactMap { $0.terms["weighted_reverse_kl"] }
            #expect(steps.last! < 0.8 * steps[0], "\(steps)")
            #expect(
                log.lines.allSatisfy {
                    $0.terms["policy_gradient"] != nil && $0.terms["cross_entropy"] != nil
                })
            let state = try #require(states.first)
            let url = directory.appending(path: "resumed")
            try state.write(to: url)
            let resumed = try run.run(stateURL: url)
            #expect(resumed == weights)
        }
    }
}
