import Distillation

/// Checks of the layers whose hidden states a cache keeps against the models of the recipe. A model that cannot be looked
/// at, since a stage makes it or its file is not there, is checked when the stage begins.
struct HiddenChecks {
    let stages: [PlacedStage]
    let decoding: Decoding

    func check(_ label: LabelStage) {
        guard let count = layers(of: label.model), let layer = label.hidden.first(where: { $0 > count })
        else {
            return
        }
        decoding.problems.add(
            "there is no layer \(layer): \(label.model.name) has \(count)", at: label.hiddenPlace,
            remedy: "layers count from 1")
    }

    /// Whether the features of a training find the layers they look at.
    func check(_ train: TrainStage, signals label: LabelStage) {
        guard !label.hidden.isEmpty, let teacher = layers(of: label.model),
            let student = layers(of: train.model)
        else { return }
        for feature in train.features {
            let wanted = feature.weighted.teacherLayers(student: student, teacher: teacher)
            guard let missing = wanted.first(where: { !label.hidden.contains($0) }) else { continue }
            let list = Set(wanted).sorted().map(String.init).joined(separator: ", ")
            decoding.problems.add(
                "\(feature.kind.name) looks at the teacher's layer \(missing), which \"\(label.name)\" does not hold",
                at: feature.place, remedy: "label with hidden: [\(list)], or choose other layers")
        }
    }

    private func layers(of reference: Reference) -> Int? {
        guard case .stage = reference.target else { return reference.modelLayers(decoding) }
        let maker = stages.lazy.map(\.stage).first { $0.artefact?.name == reference.name }
        guard case .train(let train)? = maker else { return nil }
        return layers(of: train.model)
    }

    private func layers(of model: ModelSettings) -> Int? {
        switch model.origin {
        case .new(let shape): shape.layers
        case .checkpoint(let reference): layers(of: reference)
        case .cut: nil
        }
    }
}
