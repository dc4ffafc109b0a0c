import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

/// A run stopped anywhere ends with the bytes of one never stopped.
@Suite struct TrainerResumeTests {
    enum CanonicalValue: CaseIterable {
        case tokens, average, accumulation, dense, sampled, ramps, features, exits, peer, quantized
    }

    private func withRun(_ setting: CanonicalValue, _ body: (TrainingRun) throws -> Void) throws {
        let documents = TrainingRun.countingDocuments()
        let teacher = try Small.decoder()
        let usesTeacher = [.dense, .sampled, .ramps, .features, .peer].contains(setting)
        var options = TrainingOptions(
            steps: 23,
            losses: [WeightedLoss(.crossEntropy, weight: 0.5)]
                + (usesTeacher ? [WeightedLoss(.forwardKL(temperature: 2))] : []),
            optimizer: .init(learningRate: 5e-3), embeddingLearningRateScale: 0.5, saveInterval: .steps(4),
            logInterval: 2, validationInterval: 7)
        if setting == .ramps {
            options.losses[0].weightRamp = Ramp(from: 1, to: 0)
            options.losses[1].temperatureRamp = Ramp(from: 3, to: 1, driver: .heldOutLoss(goal: -1))
        }
        if setting == .features {
            options.features = [WeightedFeature(.hiddenMSE), WeightedFeature(.relations, weight: 0.5)]
        }
        if setting == .quantized { options.quantization = .q80 }
        if setting == .exits { options.exits = ExitOptions(layers: [1]) }
        if setting == .average { options.averageDecay = 0.9 }
        try withTemporaryDirectory { directory in
            if setting == .sampled {
                let origin = Small.origin(kind: .sampled(head: 2, draws: 8), temperature: 2)
                try LabelingJob(teacher: teacher, origin: origin).run(
                    EncodedCorpus(documents), into: directory)
            }
            try body(
                TrainingRun(
                    options: options, teacher: [.dense, .ramps, .features].contains(setting) ? teacher : nil,
                    peer: setting == .peer ? { try Small.decoder(width: 24, deviation: 0.1, seed: 4) } : nil,
                    student: {
                        try Small.decoder(
                            width: setting == .quantized ? 32 : 16, layers: 2, deviation: 0.1, seed: 9)
                    },
                    source: {
                        try CorpusSource(
                            corpus: EncodedCorpus(documents),
                            cache: setting == .sampled ? try SignalCache(directory: directory) : nil,
                            sequences: 4, context: 10, parts: setting == .accumulation ? 2 : 1, seed: 1)
                    },
                    validate: { Double($0.embeddingTable.values[0]) }))
        }
    }

    @Test(arguments: CanonicalValue.allCases)
    func resumes(setting: CanonicalValue) throws {
        try withRun(setting) { run in
            try withTemporaryDirectory { directory in
                // The state file as it is on disk after every step.
                var states: [Data?] = []
                let whole = directory.appending(path: "whole")
                let log = Log()
                let weights = try run.run(stateURL: whole, log: log) { event in
                    if case .advanced = event { states.append(try? Data(contentsOf: whole)) }
                }
                let finalState = try Data(contentsOf: whole)
                #expect(try weights == run.run(), "saving changes nothing")
                #expect(log.lines.compactMap(\.validationLoss).count == 4)
                #expect(states.count == 23)
                let kinds = Set(states.compactMap { $0 })
                #expect(kinds.count == 5, "states were saved along the way")
                for state in kinds {
                    let url = directory.appending(path: "resumed")
                    try state.write(to: url)
                    let again = Log()
                    #expect(try run.run(stateURL: url, log: again) == weights)
                    let start = try #require(again.starts.first)
                    #expect(start > 0 && start < 23)
                    #expect(again.lines == log.lines.filter { $0.step > start })
                    #expect(try Data(contentsOf: url) == finalState)
                }
            }
        }
    }

    /// Stopped again and again by a listener that throws, each time a little later.
    @Test(arguments: [CanonicalValue.average, .sampled])
    func survivesManyStops(setting: CanonicalValue) throws {
        try withRun(setting) { run in
            try withTemporaryDirectory { directory in
                let url = directory.appending(path: "state")
                let (straight, stopped) = (Log(), Log())
                let weights = try run.run(log: straight)
                for stop in [3, 6, 9, 13, 14, 20, 23] {
                    stopped.afterLine = { if $0.step >= stop { throw Stop() } }
                    #expect(throws: Stop.self) { try run.run(stateURL: url, log: stopped) }
                }
                stopped.afterLine = { _ in }
                #expect(try run.run(stateURL: url, log: stopped) == weights)
                #expect(stopped.lines == straight.lines)
                #expect(stopped.starts.count == 8 && stopped.starts.last! > 10)
                #expect(stopped.starts == stopped.starts.sorted())
            }
        }
    }

    /// A finished run has nothing left to do, and gives its result again.
    @Test func aFinishedRunIsNotTrainedAgain() throws {
        try withRun(.average) { run in
            try withTemporaryDirectory { directory in
                let url = directory.appending(path: "state")
                let weights = try run.run(stateURL: url)
                let log = Log()
                #expect(try run.run(stateURL: url, log: log) == weights)
                #expect(log.starts == [23] && log.lines.isEmpty)
            }
        }
    }

    @Test func theAverageIsTheResult() throws {
        try withRun(.average) { run in
            var plain = run
            plain.options.averageDecay = nil
            let (averaged, last) = (try run.run(), try plain.run())
            #expect(averaged != last)
        }
    }
}
