import Corpora
import MethodFixtures
import Foundation
import TestSupport
import Testing
import Transformer

@testable import Training

@Suite struct OnPolicySourceTests {
    private static let prompts = (0..<6).map { index -> RolloutPrompt in
        let prompt: [Int32] = [1, Int32(index + 2), 3]
        return RolloutPrompt(student: prompt, teacher: [1, 50] + prompt.dropFirst())
    }

    private func source(
        _ student: DecoderModel, _ options: OnPolicySource.Options, corpus: CorpusSource? = nil,
        parts: Int = 1
    ) throws -> OnPolicySource {
        var options = options
        options.sampling.maxNewTokens = 7
        return try OnPolicySource(
            student: student, prompts: Self.prompts,
            corpus: corpus
                ?? CorpusSource(
                    corpus: EncodedCorpus(Small.documents(20)), sequences: 4, context: 12, seed: 1),
            stopIDs: [4, 5, 6], endID: 4, options: options, steps: 10, budget: 60, parts: parts, seed: 1)
    }

    /// Targets are the student's answers; the teacher reads them after its own prompt.
    @Test func stepsOfItsOwn() throws {
        let student = try Small.decoder()
        let source = try source(student, .init(fraction: 1), parts: 2)
        var lengths: [Int] = []
        for step in 0..<4 {
            let batches = try source.batches(forStep: step)
            #expect(batches.count == 2)
            for batch in batches {
                #expect(batch.isStudents)
                for (start, end) in zip(batch.tokens.segments, batch.tokens.segments.dropFirst()) {
                    let answer = batch.tokens.ids[start + 3..<end]
                    #expect(
                        Self.prompts.contains { Array(batch.tokens.ids[start..<start + 3]) == $0.student })
                    #expect((1...8).contains(answer.count))
                    // An end marker is the last token or none.
                    #expect(!answer.dropLast().contains { [4, 5, 6].contains($0) })
                    lengths.append(answer.count)
                }
                #expect(batch.targets.count == batch.tokens.ids.count - 3 * (batch.tokens.segments.count - 1))
                #expect(
                    batch.teacherTokens.ids.count == batch.tokens.ids.count + batch.tokens.segments.count - 1)
                #expect(batch.teacherPositions.count == batch.positions.count)
            }
        }
        #expect(lengths.count >= 24)
        let figures = source.metrics
        #expect(Set(figures.keys) == ["rollout_length", "rollout_ended", "rollout_repetition"])
        #expect((1...8).contains(figures["rollout_length"]!))
    }

    /// An answer leaves the teacher, who reads more, room to read it.
    @Test func answersFitTheTeachersContext() throws {
        let teacher = try Small.decoder(seed: 2)
        #expect(teacher.configuration.contextLength == 64)
        let prompt = RolloutPrompt(student: [1, 2], teacher: Array(repeating: 9, count: 61))
        for share in [0, 0.5] as [Float] {
            let source = try OnPolicySource(
                student: try Small.decoder(), teacher: teacher, prompts: [prompt],
                corpus: CorpusSource(
                    corpus: EncodedCorpus(Small.documents(4)), sequences: 4, context: 12, seed: 1),
                stopIDs: [4], endID: 4,
                options: .init(fraction: 1, sampling: .init(maxNewTokens: 9), teacherFraction: share),
                steps: 3, budget: 60, seed: 1)
            for batch in try source.batches(forStep: 0) { #expect(batch.teacherTokens.longest <= 64) }
        }
    }

    /// The share of own steps follows λ, and the others are the corpus's own.
    @Test func shares() throws {
        let student = try Small.decoder()
        let corpus = try CorpusSource(
            corpus: EncodedCorpus(Small.documents(20)), sequences: 4, context: 12, seed: 1)
        for (share, range) in [(0, 0...0), (0.5, 8...22), (1, 30...30)] as [(Double, ClosedRange<Int>)] {
            let source = try source(student, .init(fraction: share), corpus: corpus)
            var own = 0
            for step in 0..<30 {
                let batch = try source.batches(forStep: step)[0]
                if batch.isStudents {
                    own += 1
                } else {
                    #expect(try batch.tokens.ids == corpus.batches(forStep: step)[0].tokens.ids)
                }
            }
            #expect(range.contains(own), "\(own) of 30 steps at a share of \(share)")
        }
    }

    /// Late steps draw what was written before.
    @Test func replay() throws {
        let student = try Small.decoder()
        let source = try source(student, .init(fraction: 1, replay: 100))
        var seen: Set<[Int32]> = []
        var repeated = 0
        for step in 0..<10 {
            let batch = try source.batches(forStep: step)[0]
            let documents = zip(batch.tokens.segments, batch.tokens.segments.dropFirst()).map {
                Array(batch.tokens.ids[$0..<$1])
            }
            if documents.allSatisfy(seen.contains) { repeated += 1 }
            seen.formUnion(documents)
        }
        #expect((2...8).contains(repeated), "\(repeated) of 10 steps draw earlier answers")
    }

    @Test func theAdaptiveShareRisesWhenTheHeldOutLossDoes() throws {
        let source = try source(try Small.decoder(), .init(fraction: 0, isAdaptive: true))
        for loss in [3, 2, 2.5, 2.4, 2.6] { source.observe(heldOutLoss: loss) }
        expectClose([Float(source.metrics["rollout_fraction"]!)], [0.2])
    }

    /// A run with the student's own text, replay and an adaptive share goes on as if it had never stopped.
    @Test func resumes() throws {
        var student: DecoderModel?
        var losses: [Double] = []
        var run = TrainingRun(
            options: TrainingOptions(
                steps: 12,
                losses: [
                    WeightedLoss(.crossEntropy, weight: 0.5), WeightedLoss(.reverseKL(temperature: 1)),
                ], optimizer: .init(learningRate: 5e-3), saveInterval: .steps(4), logInterval: 2,
                validationInterval: 2),
            teacher: try Small.decoder(seed: 2),
            student: {
                let decoder = try Small.decoder(deviation: 0.1, seed: 9)
                student = decoder
                return decoder
            },
            source: {
                try self.source(student!, .init(fraction: 0.5, isAdaptive: true, replay: 8))
            })
        // A loss that rises and falls, as a function of the weights.
        run.validate = { decoder in
            losses.append(Double(decoder.embeddingTable.values[0]))
            return losses.last!
        }
        try withTemporaryDirectory { directory in
            let whole = directory.appending(path: "whole")
            let log = Log()
            var states: [Data] = []
            let weights = try run.run(stateURL: whole, log: log) { event in
                if case .advanced = event, let state = try? Data(contentsOf: whole) { states.append(state) }
            }
            #expect(log.lines.contains { $0.source["rollout_length"] != nil })
            for state in Set(states) {
                let url = directory.appending(path: "resumed")
                try state.write(to: url)
                let again = Log()
                #expect(try run.run(stateURL: url, log: again) == weights)
                #expect(again.lines == log.lines.filter { $0.step > again.starts[0] })
            }
        }
    }

    @Test func repetition() {
        #expect(Rollout(prompt: 0, answer: [1, 2, 3, 4, 5]).repetition == 0)
        #expect(Rollout(prompt: 0, answer: [1, 1, 1, 1, 1, 1]).repetition == 0.75)
        #expect(Rollout(prompt: 0, answer: [1]).repetition == 0)
    }
}
