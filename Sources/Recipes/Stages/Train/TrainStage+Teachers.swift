import Checkpoints
import Foundation
import Signals
import Training

extension TrainStage {
    /// The stage's teachers as one mixture, and those of single corpora.
    struct TeacherSet {
        var all: [Teachers] = []
        /// For each corpus the index of its teacher; nil where the first teaches all.
        var byPart: [Int]?
    }

    func loadTeachers(_ form: TextForm, _ context: StageContext) throws -> TeacherSet {
        func decoder(_ reference: Reference) throws -> Checkpoint {
            let teacher = try context.checkpoint(reference)
            try form.requireSame(teacher, "the student")
            return teacher
        }
        var set = TeacherSet()
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

    func makeGradientAngle(
        _ form: TextForm, _ context: StageContext
    ) throws -> GradientAngle? {
        guard let settings = gradientAngle else { return nil }
        let teacher = try context.checkpoint(settings.teacher)
        try form.requireSame(teacher, "the student")
        return GradientAngle(to: teacher.decoder, interval: settings.every)
    }

    func openCaches(_ context: StageContext) throws -> SignalCaches? {
        guard !signals.isEmpty else { return nil }
        return SignalCaches(try signals.map { try SignalCache(directory: context.url(of: $0)) })
    }
}
