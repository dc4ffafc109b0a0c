import Corpora
import MethodFixtures
import Foundation
import Support
import TestSupport
import Tensors
import Transformer

@testable import Signals
@testable import Training

/// Batches computed by a function of the step.
struct FixedSource: BatchSource {
    let make: (Int) -> [TrainingBatch]
    func batches(forStep step: Int) throws -> [TrainingBatch] { make(step) }
}

/// Keeps lines of metrics as a log does: what comes after the step that a run resumes at is written again.
final class Log: TrainingListener {
    private(set) var lines: [TrainingMetrics] = []
    private(set) var starts: [Int] = []
    /// Called after a line has been noted.
    var afterLine: (TrainingMetrics) throws -> Void = { _ in }

    func began(atStep step: Int) throws {
        starts.append(step)
        lines.removeAll { $0.step > step }
    }

    func measured(_ metrics: TrainingMetrics) throws {
        lines.append(metrics)
        try afterLine(metrics)
    }
}

struct Stop: Error {}

/// One training setting, run from its beginning any number of times.
struct TrainingRun {
    var options: TrainingOptions
    var teacher: DecoderModel?
    /// A peer with the student's losses.
    var peer: (() throws -> DecoderModel)?
    var student: () throws -> DecoderModel = { try Small.decoder(deviation: 0.1, seed: 9) }
    var source: () throws -> any BatchSource
    var validate: ((DecoderModel) throws -> Double)?

    /// The weights that training ends with, and the student.
    @discardableResult
    func run(
        stateURL: URL? = nil, log: Log? = nil, progress: ProgressHandler? = nil
    ) throws -> [String: [Float]] {
        let student = try student()
        let peer = try peer?()
        let trainer = try Trainer(
            student: student, teachers: teacher.map { [Teachers($0)] } ?? [],
            peer: peer.map { Peer($0, losses: options.losses, optimizer: options.optimizer) },
            source: try source(), options: options, validate: validate)
        try trainer.run(stateURL: stateURL, listener: log, progress: progress)
        let other = peer.map(Self.weights) ?? [:]
        return Self.weights(student).merging(other.map { ("peer." + $0, $1) }) { $1 }
    }

    static func weights(_ decoder: DecoderModel) -> [String: [Float]] {
        Dictionary(uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor.values) })
    }

    /// Documents whose every token is decided by the one before it.
    static func countingDocuments(_ count: Int = 40) -> [EncodedDocument] {
        (0..<count).map { index in
            var ids = [Int32(index * 7 % Small.vocabulary)]
            for _ in 0..<9 { ids.append((ids.last! * 5 + 3) % 23) }
            return EncodedDocument(ids: ids, lossMask: ids.indices.map { $0 > 0 })
        }
    }
}
