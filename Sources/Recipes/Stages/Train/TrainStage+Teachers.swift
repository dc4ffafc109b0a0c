import Checkpoints
import Foundation
import Corpora
import Signals
import Support
import Tokenization
import Training

extension TrainStage {
    /// The stage's teachers as one mixture, and those of single corpora.
    struct TeacherSet {
        var all: [Teachers] = []
        /// For each corpus the index of its teacher; nil where the first teaches all.
        var byPart: [Int]?
        /// Pieces of the student's that a teacher lacks, each with the name of that teacher.
        var missing: [Int32: String] = [:]

        /// Refuses a document with a piece that a teacher does not have.
        func check(_ document: EncodedDocument, _ tokenizer: Tokenizer) throws {
            for id in document.teacherView.ids {
                if let teacher = missing[id] {
                    throw UserError.missingPiece(tokenizer.piece(id), teacher: teacher)
                }
            }
        }
    }

    func loadTeachers(_ form: TextForm, _ context: StageContext) throws -> TeacherSet {
        var set = TeacherSet()
        func decoder(_ reference: Reference) throws -> Checkpoint {
            let teacher = try matchingTeacher(reference, form, context)
            for id in teacher.missingPieces { set.missing[id] = reference.name }
            return teacher
        }
        if !teachers.isEmpty {
            set.all.append(
                Teachers(
                    try teachers.map { try decoder($0.model).decoder },
                    mixture: TeacherMixture(
                        weights: teachers.map { Float($0.weight) }, space: teacherMix.space,
                        weighting: teacherMix.weighting)))
        }
        guard corpus.contains(where: { $0.teacher != nil }) else { return set }
        // Each model once, however many corpora it teaches.
        var indices: [Reference.Target: Int] = [:]
        set.byPart = try corpus.map { part in
            guard let reference = part.teacher else { return 0 }
            if let index = indices[reference.target] { return index }
            set.all.append(Teachers(try decoder(reference).decoder))
            indices[reference.target] = set.all.count - 1
            return set.all.count - 1
        }
        return set
    }

    /// A teacher over the student's pieces.
    private func matchingTeacher(
        _ reference: Reference, _ form: TextForm, _ context: StageContext
    ) throws -> Checkpoint {
        let teacher = try context.checkpoint(reference).matching(form.tokenizer, of: "the student")
        guard !teacher.missingPieces.isEmpty, let loss = losses.first(where: \.comparesLogits) else {
            return teacher
        }
        throw UserError(
            Self.missingLogits(loss, reference, pieces: teacher.missingPieces.count), hint: Self.lossHint,
            status: .configuration)
    }

    func makeGradientAngle(
        _ form: TextForm, _ context: StageContext
    ) throws -> GradientAngle? {
        guard let settings = gradientAngle else { return nil }
        let teacher = try matchingTeacher(settings.teacher, form, context)
        return GradientAngle(to: teacher.decoder, interval: settings.every)
    }

    func openCaches(_ context: StageContext) throws -> SignalCaches? {
        guard !signals.isEmpty else { return nil }
        return SignalCaches(try signals.map { try SignalCache(directory: context.url(of: $0)) })
    }
}
