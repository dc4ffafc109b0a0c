import Support

/// Checks of the layers that caches keep, features look at and exits end after against the models of the recipe. A model
/// of which nothing is known yet is checked when the stage begins.
struct HiddenChecks {
    let facts: ModelFacts
    private var decoding: Decoding { facts.decoding }

    init(_ facts: ModelFacts) { self.facts = facts }

    func check(_ label: LabelStage) {
        guard let count = facts.layers(of: label.model), let layer = label.hidden.first(where: { $0 > count })
        else {
            return
        }
        decoding.problems.add(
            "there is no layer \(layer): \(label.model.name) has \(count)", at: label.hiddenPlace,
            hint: "layers count from 1")
    }

    /// Whether the exits and features of a training fit the models.
    func check(_ train: TrainStage) {
        let count = facts.layers(of: train.model)
        if let count { train.exits?.check(layers: count, decoding) }
        // Of several teachers features look at the first.
        let teacher = train.teachers.first.map { facts.attentionWidths(of: $0.model) } ?? []
        let known = Set(facts.attentionWidths(of: train.model) + teacher)
        for feature in train.features {
            do throws(UserError) {
                if let count { try feature.weighted.checkLayers(of: count) }
                try feature.weighted.checkRelationHeads(dividing: known)
            } catch {
                decoding.problems.add(error.problem, at: feature.place, hint: error.hint)
            }
        }
    }

    /// Whether the features of a training find the layers they look at in a cache.
    func check(_ train: TrainStage, signals label: LabelStage) {
        guard !label.hidden.isEmpty, let teacher = facts.layers(of: label.model),
            let student = facts.layers(of: train.model)
        else { return }
        for feature in train.features {
            let wanted = feature.weighted.teacherLayers(student: student, teacher: teacher)
            guard let missing = wanted.first(where: { !label.hidden.contains($0) }) else { continue }
            let list = Set(wanted).sorted().map(String.init).joined(separator: ", ")
            decoding.problems.add(
                "\(feature.kind.name) looks at the teacher's layer \(missing), which \"\(label.name)\" does not hold",
                at: feature.place, hint: "label with hidden: [\(list)], or choose other layers")
        }
    }
}
