import Pruning
import RecipeSchema

/// The stages that a student pruned from another model needs.
extension PruneStage {
    /// Names of the outputs of these stages, which a recipe may use.
    static let restrictedTeacher = "restricted-teacher"
    static let initialStudent = "initial-student"

    /// The stages that come before all others; nil for a student that is not pruned.
    ///
    /// A trimmed vocabulary trims the recipe's teacher too, and `teacher` means that from here on: the two share a
    /// tokenizer, and the teacher's distributions are over the pieces kept.
    static func stages(for student: ModelSettings, _ context: RecipeContext) -> (
        stages: [PlacedStage], student: ModelSettings
    )? {
        guard case .pruned(var source, let settings) = student.origin, case .map(var keys) = student.canonical
        else { return nil }
        keys["from"] = nil
        var (plan, stages) = (settings.plan, [PlacedStage]())
        func add(_ stage: PruneStage, _ keys: [String: CanonicalValue]) -> Reference {
            let index = context.nextStage()
            let all = keys.merging([
                "model": .input(stage.model), "precision": .text(stage.precision.rawValue),
            ]) { $1 }
            stages.append(
                PlacedStage(
                    stage: stage, canonical: .map(all), location: source.location,
                    chats: context.chats))
            context.addOutputs(of: stage, index: index, keys: nil, at: source.location)
            return Reference(
                name: stage.outputName, target: .output(0, ofStage: index), location: source.location)
        }
        if let vocabulary = plan.vocabulary, let teacher = context.teacher {
            let restricted = add(
                PruneStage(
                    model: teacher,
                    settings: PruneSettings(
                        plan: .init(vocabulary: vocabulary), corpus: settings.vocabularyCorpus,
                        vocabularyCorpus: settings.vocabularyCorpus),
                    precision: .stored, outputName: restrictedTeacher),
                keys.filter { ["vocabulary", "corpus"].contains($0.key) })
            let trimmed = Reference(
                name: "teacher", target: restricted.target, location: teacher.location)
            context.teacher = trimmed
            if source.target == teacher.target {
                // Trimmed already.
                source = trimmed
                plan.vocabulary = nil
                keys["vocabulary"] = nil
                // What importance is measured on stays an input.
                keys["corpus"] = .list(settings.corpus.map(CanonicalValue.input))
            }
        }
        let made = add(
            PruneStage(
                model: source,
                settings: PruneSettings(
                    plan: plan, corpus: settings.corpus,
                    vocabularyCorpus: plan.vocabulary == nil ? [] : settings.vocabularyCorpus),
                precision: .f32, outputName: initialStudent), keys)
        return (stages, student.made(at: made))
    }
}
