import Transformer

/// What is known of a model before any stage has run: from its file, or from the stage that makes it.
struct ModelFacts {
    let decoding: Decoding
    /// The stage that makes what has a name, the first if two claim it.
    private let makers: [String: Stage]

    init(stages: [PlacedStage], decoding: Decoding) {
        self.decoding = decoding
        var makers: [String: Stage] = [:]
        for stage in stages.map(\.stage) {
            for name in [stage.artefact?.name, stage.secondArtefact?.name].compactMap({ $0 })
            where makers[name] == nil {
                makers[name] = stage
            }
        }
        self.makers = makers
    }

    /// The stage that makes what a reference stands for; nil for a file.
    func maker(of reference: Reference) -> Stage? {
        guard let name = decoding.artefact(at: reference.target)?.name else { return nil }
        return makers[name]
    }

    func layers(of reference: Reference) -> Int? {
        switch reference.target {
        case .file: return reference.modelConfiguration(decoding)?.layers
        case .stage, .second:
            switch maker(of: reference) {
            case .train(let train):
                return model(train, reference).flatMap(layers)
            case .cut(let cut):
                switch cut.settings.cut.layers {
                case .count(let count)?: return count
                case .chosen(let chosen)?: return chosen.count
                case nil: return layers(of: cut.model)
                }
            case .convert(let convert): return layers(of: convert.model)
            default: return nil
            }
        }
    }

    func layers(of model: ModelSettings) -> Int? {
        switch model.origin {
        case .new(let shape): shape.layers
        case .checkpoint(let reference): layers(of: reference)
        case .cut: nil
        }
    }

    /// The most tokens that it reads.
    func contextLength(of reference: Reference) -> Int? {
        switch reference.target {
        case .file: return reference.modelConfiguration(decoding)?.contextLength
        case .stage, .second:
            switch maker(of: reference) {
            case .train(let train):
                switch model(train, reference)?.origin {
                case .new(let shape): return shape.contextLength
                case .checkpoint(let origin): return contextLength(of: origin)
                default: return nil
                }
            case .cut(let cut): return contextLength(of: cut.model)
            case .convert(let convert): return contextLength(of: convert.model)
            default: return nil
            }
        }
    }

    /// Widths of queries, keys and values.
    func attentionWidths(of reference: Reference) -> [Int] {
        switch reference.target {
        case .file: return reference.modelConfiguration(decoding)?.attention.flatMap(\.widths) ?? []
        case .stage, .second:
            guard case .train(let train)? = maker(of: reference) else { return [] }
            return model(train, reference).map(attentionWidths) ?? []
        }
    }

    func attentionWidths(of model: ModelSettings) -> [Int] {
        switch model.origin {
        case .new(let shape): [shape.heads * shape.headDimension, shape.keyValueHeads * shape.headDimension]
        case .checkpoint(let reference): attentionWidths(of: reference)
        case .cut: []
        }
    }

    /// The student of a training, or its peer.
    private func model(_ train: TrainStage, _ reference: Reference) -> ModelSettings? {
        if case .second = reference.target { return train.peer?.model }
        return train.model
    }
}
