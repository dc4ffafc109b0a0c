/// Writes `report.md` and `report.html` once every run is done.
public struct ReportStage: Sendable, RecipeSection {
    /// The heading; `nil` is the recipe's name.
    public let title: String?
    /// Figures of stages that stand in the table of models, under the labels of their columns.
    public let figures: [(name: String, value: StageFigure)]

    init(_ section: Section) {
        title = section.optional(
            "title", .text, defaultText: "the recipe's name", "The heading of the report.")
        figures = section.value(
            "figures", .named(.stageFigure), default: [],
            example: "{bytes a token: signals.bytes_per_position}",
            "More columns of the table of models: figures of the stages that a model came from, as STAGE.FIGURE."
        )
    }
}

/// A number that a stage says of itself, such as the bytes a cache takes.
public struct StageFigure: Hashable, Sendable {
    /// The name of what the stage makes.
    public let artefact: String
    public let figure: String
}

extension Stage.Kind {
    /// The figures that a recipe may ask for.
    var figures: [String] {
        switch self {
        case .tokenizer: ["pieces"]
        case .cut: ["parameters", "pieces", "corpus_pieces", "changed_tokens", "lost_mass"]
        case .generate: ["answers"]
        case .select: ["documents", "tokens", "bytes"]
        case .learn: ["documents", "tokens", "first_distance", "distance"]
        case .label: ["documents", "positions", "bytes_per_position", "ids_per_position"]
        case .train:
            [
                "tokens", "steps", "loss", "validation_loss", "parameters", "tokens_per_second",
                "gradient_angle",
            ]
        case .convert: ["bytes"]
        case .evaluate, .report: []
        }
    }
}

extension KeyType where Value == StageFigure {
    /// What an earlier stage makes, a dot, and a figure of that stage.
    static var stageFigure: KeyType {
        let summary = "STAGE.FIGURE, such as student.tokens_per_second"
        func setting(_ figure: StageFigure) -> CanonicalValue { .text("\(figure.artefact).\(figure.figure)") }
        return KeyType(
            summary: summary, placeholder: { StageFigure(artefact: "", figure: "") },
            decode: { yaml, decoding in
                guard case .scalar(let text, _) = yaml.content, let dot = text.lastIndex(of: ".") else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place, hint: "expected: \(summary)")
                    return nil
                }
                let (name, figure) = (String(text[..<dot]), String(text[text.index(after: dot)...]))
                guard let artefact = decoding.artefact(named: name) else {
                    decoding.problems.add(
                        "no earlier stage makes \"\(name)\"", at: yaml.place,
                        hint: suggestion(for: name, among: decoding.artefacts.map(\.name)))
                    return nil
                }
                guard artefact.stageKind.figures.contains(figure) else {
                    decoding.problems.add(
                        "a stage \(artefact.stageKind.rawValue) has no figure \"\(figure)\"", at: yaml.place,
                        hint: suggestion(for: figure, among: artefact.stageKind.figures))
                    return nil
                }
                let value = StageFigure(artefact: name, figure: figure)
                return (value, setting(value))
            }, setting: setting)
    }
}
