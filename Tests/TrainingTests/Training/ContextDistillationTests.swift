import Corpora
import MethodFixtures
import Foundation
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// The teacher reads a context that the student does not.
@Suite struct ContextDistillationTests {
    /// Ten documents; the teacher reads 1 to 4 tokens more at the front, and the same targets.
    private static func documents() -> [EncodedDocument] {
        Small.documents(10).enumerated().map { index, document in
            let context = Fixture.ids(1 + index % 4, vocabulary: Small.vocabulary, seed: UInt64(index))
            return EncodedDocument(
                student: document.student,
                teacher: MaskedTokens(
                    ids: document.ids[..<1] + context + document.ids[1...],
                    lossMask: [false] + context.map { _ in false } + document.lossMask[1...]))
        }.filter { $0.targetCount > 0 }
    }

    @Test func positionsMoveRightByTheContext() {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[1, 10, 11], [1, 20]]),
            lossMask: [false, true, true, false, true],
            teacher: (
                TokenBatch(sequences: [[1, 5, 6, 10, 11], [1, 7, 20]]),
                [false, false, false, true, true, false, false, true]
            ))
        #expect(batch.positions == [0, 1, 3])
        #expect(batch.teacherPositions == [2, 3, 6])
        #expect(batch.targets == [10, 11, 20])
    }

    /// What the cache holds is what the teacher says with the context, found by both views.
    @Test func theCacheHoldsWhatTheTeacherSaysWithTheContext() throws {
        let teacher = try Small.decoder()
        let documents = Self.documents()
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 97)))
                .run(EncodedCorpus(documents), into: directory)
            let cache = try SignalCache(directory: directory)
            let signal = try cache.signal(for: documents)
            let views = documents.map { EncodedDocument(student: $0.teacher!, teacher: nil) }
            let exact = Small.logits(teacher, Small.batch(of: views)).map { Reference.softmax($0) }
            for (position, p) in exact.enumerated() {
                let entries = signal.offsets[position]..<signal.offsets[position + 1]
                // The codes' precision, as in `LabelingJobTests`.
                expectClose(
                    Array(signal.weights[entries]), signal.ids[entries].map { p[Int($0)] }, relative: 3.5e-4,
                    absolute: 2.4e-10)
            }
            // Neither the student's tokens alone nor other contexts are in it.
            #expect(throws: Error.self) {
                try cache.requireAll(
                    EncodedCorpus(documents.map { EncodedDocument(student: $0.student, teacher: nil) }))
            }
            let swapped = EncodedDocument(
                student: documents[0].student,
                teacher: MaskedTokens(
                    ids: [documents[0].ids[0], 3] + documents[0].ids[1...],
                    lossMask: [false, false] + documents[0].lossMask[1...]))
            #expect(throws: Error.self) { try cache.requireAll(EncodedCorpus([swapped])) }
        }
    }

    /// Online and from a cache of everything, the loss is that of the two models on their own views.
    @Test func bothWaysGiveTheSameLoss() throws {
        let (student, teacher) = (try Small.decoder(seed: 1), try Small.decoder(seed: 2))
        let documents = Self.documents()
        let views = documents.map { EncodedDocument(student: $0.teacher!, teacher: nil) }
        let p = Small.logits(teacher, Small.batch(of: views)).map { Reference.softmax($0) }
        let q = Small.logits(student, Small.batch(of: documents)).map { Reference.softmax($0) }
        let exact = zip(p, q).reduce(0) { $0 + Reference.forwardKL($1.0, $1.1) } / Double(p.count)
        func firstLoss(teacher: DecoderModel?, cache: SignalCache?) throws -> Double {
            let log = Log()
            try TrainingRun(
                options: TrainingOptions(steps: 1, losses: [WeightedLoss(.forwardKL(temperature: 1))]),
                teacher: teacher, student: { try Small.decoder(seed: 1) },
                source: {
                    try CorpusSource(
                        corpus: EncodedCorpus(documents), cache: cache, sequences: 10, context: 12, seed: 1)
                }
            ).run(log: log)
            return log.lines[0].loss
        }
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 97)))
                .run(EncodedCorpus(documents), into: directory)
            let online = try firstLoss(teacher: teacher, cache: nil)
            let cached = try firstLoss(teacher: nil, cache: SignalCache(directory: directory))
            expectClose([Float(online)], [exact], relative: 1e-5)
            // Codes of 11 bits of mantissa.
            expectClose([Float(cached)], [exact], relative: 1e-3)
        }
    }

    @Test func truncationKeepsTheViewsTogether() {
        let document = EncodedDocument(
            student: MaskedTokens(
                ids: [1, 2, 3, 4, 5, 6], lossMask: [false, true, true, false, true, true]),
            teacher: MaskedTokens(
                ids: [1, 9, 9, 2, 3, 4, 5, 6], lossMask: [false, false, false, true, true, false, true, true])
        )
        #expect(document.truncated(to: 6) == document)
        let short = document.truncated(to: 5)
        #expect(short.ids == [1, 2, 3, 4, 5] && short.teacher?.ids == [1, 9, 9, 2, 3, 4, 5])
        let tight = document.truncated(to: 6, teacherLength: 5)
        #expect(tight.ids == [1, 2, 3, 4] && tight.teacher?.ids == [1, 9, 9, 2, 3])
        #expect(document.truncated(to: 6, teacherLength: 3).targetCount == 0)
    }
}
