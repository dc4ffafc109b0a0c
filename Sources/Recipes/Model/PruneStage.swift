/// Keeps some parts of a model: a smaller one.
public struct PruneStage: Sendable, RecipeSection {
    /// How the weights of what is kept are written.
    public enum Precision: String, CaseIterable, Sendable {
        case f32, bf16
        /// As the model's file has them, which training cannot change.
        case stored
    }

    public let model: Reference
    public let settings: PruneSettings
    public let precision: Precision
    let name: String

    init(_ section: Section) {
        model = section.modelReference("The model that is cut.")
        settings = PruneSettings(section, of: model)
        precision = section.value(
            "precision", .choice, default: .f32,
            "The type of the weights kept. stored leaves them as they are, quantised ones too: for a teacher."
        )
        name = section.artefactName(default: "cut")
        if settings.keepsAll, section.sound("layers", "width", "heads", "feed_forward", "vocabulary") {
            section.problem(
                at: "model", "nothing is cut",
                hint: "give layers, width, heads, feed_forward or vocabulary")
        }
        if precision == .stored, !settings.cut.keepsRows {
            section.problem(
                at: "precision", "rows of stored weights are kept whole",
                hint: "use f32 or bf16 where width, heads or feed_forward are cut")
        }
    }

    private init(model: Reference, settings: PruneSettings, precision: Precision, name: String) {
        self.model = model
        self.settings = settings
        self.precision = precision
        self.name = name
    }
}

extension PruneStage {
    /// Names of what the stages below make, free to use in a recipe.
    static let restrictedTeacher = "restricted-teacher"
    static let initialStudent = "initial-student"

    /// The stages that a student cut from another model needs, before all others; nil for any other student.
    ///
    /// A trimmed vocabulary trims the recipe's teacher too, and `teacher` means that from here on: the two share a
    /// tokenizer, and the teacher's distributions are over the pieces kept.
    static func stages(for student: ModelSettings, _ decoding: Decoding) -> (
        stages: [PlacedStage], student: ModelSettings
    )? {
        guard case .cut(var source, let settings) = student.origin, case .map(var keys) = student.setting
        else {
            return nil
        }
        keys["from"] = nil
        var (cut, stages) = (settings.cut, [PlacedStage]())
        func add(_ stage: PruneStage, _ keys: [String: CanonicalValue]) -> Reference {
            let index = decoding.nextStage()
            let all = keys.merging([
                "model": .reference(stage.model), "precision": .text(stage.precision.rawValue),
            ]) { $1 }
            stages.append(
                PlacedStage(
                    stage: .cut(stage), setting: .map(all), place: source.place,
                    template: decoding.chatTemplate))
            decoding.add(
                Artefact(name: stage.name, kind: .checkpoint, stage: index, stageKind: .cut), at: source.place
            )
            return Reference(name: stage.name, target: .stage(index), place: source.place)
        }
        if let vocabulary = cut.vocabulary, let teacher = decoding.teacher {
            let restricted = add(
                PruneStage(
                    model: teacher,
                    settings: PruneSettings(
                        cut: .init(vocabulary: vocabulary), corpus: settings.vocabularyCorpus,
                        vocabularyCorpus: settings.vocabularyCorpus),
                    precision: .stored, name: restrictedTeacher),
                keys.filter { ["vocabulary", "corpus"].contains($0.key) })
            decoding.teacher = Reference(
                name: "teacher", target: restricted.target, place: teacher.place)
            if source.target == teacher.target {
                // Trimmed already.
                source = decoding.teacher!
                cut.vocabulary = nil
                keys["vocabulary"] = nil
                // What importance is measured on stays an input.
                keys["corpus"] = .list(settings.corpus.map(CanonicalValue.reference))
            }
        }
        let made = add(
            PruneStage(
                model: source,
                settings: PruneSettings(
                    cut: cut, corpus: settings.corpus,
                    vocabularyCorpus: cut.vocabulary == nil ? [] : settings.vocabularyCorpus),
                precision: .f32, name: initialStudent), keys)
        return (stages, student.made(at: made))
    }
}
