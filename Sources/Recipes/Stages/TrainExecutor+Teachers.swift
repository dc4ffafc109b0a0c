import Checkpoints
import Foundation
import Signals
import Training

extension TrainExecutor {
    /// Who teaches: the stage's teachers as one, and those of single corpora.
    struct Faculty {
        var all: [Teachers] = []
        /// For each corpus, which of them speaks of it; nil where the first does of all.
        var byPart: [Int]?
    }

    func teachers(_ stage: TrainStage, _ form: TextForm, _ context: StageContext) throws -> Faculty {
        func decoder(_ reference: Reference) throws -> Checkpoint {
            let teacher = try context.checkpoint(reference)
            try form.requireSame(teacher, "the student")
            return teacher
        }
        var faculty = Faculty()
        if !stage.teachers.isEmpty {
            faculty.all.append(
                Teachers(
                    try stage.teachers.map { try decoder($0.model).decoder },
                    mixture: TeacherMixture(
                        weights: stage.teachers.map { Float($0.weight) }, space: stage.teacherMix.space,
                        weighting: stage.teacherMix.weighting)))
        }
        guard stage.corpus.contains(where: { $0.teacher != nil }) else { return faculty }
        // Each model once, however many corpora it teaches.
        var places: [Reference.Target: Int] = [:]
        faculty.byPart = try stage.corpus.map { part in
            guard let reference = part.teacher else { return 0 }
            if let place = places[reference.target] { return place }
            faculty.all.append(Teachers(try decoder(reference).decoder))
            places[reference.target] = faculty.all.count - 1
            return faculty.all.count - 1
        }
        return faculty
    }

    func gradientAngle(
        _ stage: TrainStage, _ form: TextForm, _ context: StageContext
    ) throws -> GradientAngle? {
        guard let settings = stage.gradientAngle else { return nil }
        let teacher = try context.checkpoint(settings.teacher)
        try form.requireSame(teacher, "the student")
        return GradientAngle(to: teacher.decoder, interval: settings.every)
    }

    func caches(_ stage: TrainStage, _ context: StageContext) throws -> SignalCaches? {
        guard !stage.signals.isEmpty else { return nil }
        return SignalCaches(try stage.signals.map { try SignalCache(directory: context.url(of: $0)) })
    }
}
