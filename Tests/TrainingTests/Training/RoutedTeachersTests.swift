import Corpora
import MethodFixtures
import TestSupport
import Testing
import Transformer

@testable import Training

/// Corpora with teachers of their own.
@Suite struct RoutedTeachersTests {
    private let documents = Small.documents(12)
    private var routes: [Int] { documents.indices.map { $0 % 3 == 0 ? 1 : 0 } }

    private func source(parts: Int = 1) throws -> CorpusSource {
        CorpusSource(
            corpus: try EncodedCorpus(documents), teachers: routes, sequences: 12, context: 12, parts: parts,
            seed: 1)
    }

    @Test func aBatchHasOneTeacher() throws {
        let batches = try source().batches(forStep: 0)
        #expect(batches.map(\.teacher) == [0, 1])
        for batch in batches {
            for (start, end) in zip(batch.tokens.segments, batch.tokens.segments.dropFirst()) {
                let index = documents.firstIndex { $0.ids == Array(batch.tokens.ids[start..<end]) }!
                #expect(routes[index] == batch.teacher)
            }
        }
    }

    /// The mean over all targets of the divergence from each one's own teacher, in Double.
    @Test func eachDocumentIsTaughtByItsOwn() throws {
        let teachers = try [Small.decoder(seed: 2), Small.decoder(width: 24, seed: 3)]
        let student = try Small.decoder(deviation: 0.1, seed: 9)
        var (sum, targets) = (0.0, 0)
        for batch in try source().batches(forStep: 0) {
            let rows = zip(Small.logits(teachers[batch.teacher], batch), Small.logits(student, batch))
            sum += rows.reduce(0) { $0 + Reference.kl(Reference.softmax($1.0), Reference.softmax($1.1)) }
            targets += batch.targets.count
        }
        let log = Log()
        try Trainer(
            student: student, teachers: teachers.map { Teachers($0) }, source: source(),
            options: TrainingOptions(steps: 1, losses: [WeightedLoss(.forwardKL(temperature: 1))])
        ).run(listener: log)
        expectClose([Float(log.lines[0].loss)], [sum / Double(targets)], relative: 1e-5)
    }
}
