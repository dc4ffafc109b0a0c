import Distillation
import Support

/// Checks of the layers that caches keep, features look at and exits end after against the models of the recipe. A model
/// that cannot be looked at, since its file is not there or it is cut, is checked when the stage begins.
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

    /// Whether the exits and features of a training fit the models.
    func check(_ train: TrainStage) {
        let count = layers(of: train.model)
        if let count { train.exits?.check(layers: count, decoding) }
        let known = Set(widths(of: train.model) + train.teachers.flatMap { widths(of: $0.model) })
        for feature in train.features {
            do throws(UserError) {
                if let count { try feature.weighted.checkLayers(of: count) }
                try feature.weighted.checkRelationHeads(dividing: known)
            } catch {
                decoding.problems.add(error.problem, at: feature.place, remedy: error.remedy)
            }
        }
    }

    /// Whether the features of a training find the layers they look at in a cache.
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
        guard case .stage = reference.target else { return reference.modelConfiguration(decoding)?.layers }
        let maker = stages.lazy.map(\.stage).first { $0.artefact?.name == reference.name }
        guard case .train(let train)? = maker else { return nil }
        return layers(of: train.model)
    }

    /// Widths of queries, keys and values that are known before any stage has run.
    private func widths(of model: ModelSettings) -> [Int] {
        switch model.origin {
        case .new(let shape): [shape.heads * shape.headDimension, shape.keyValueHeads * shape.headDimension]
        case .checkpoint(let reference): widths(of: reference)
        case .cut: []
        }
    }

    private func widths(of reference: Reference) -> [Int] {
        reference.modelConfiguration(decoding)?.attention.flatMap(\.widths) ?? []
    }

    private func layers(of model: ModelSettings) -> Int? {
        switch model.origin {
        case .new(let shape): shape.layers
        case .checkpoint(let reference): layers(of: reference)
        case .cut: nil
        }
    }
}
