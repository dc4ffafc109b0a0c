import Checkpoints
import Pruning
import RecipeSchema
import Transformer

/// Keeps some parts of a model: a smaller one.
struct PruneStage: Stage {
    static let name = "prune"
    static let summary =
        "Prunes a model to its most important parts; the smaller model is then to be trained."
    static let metricNames = ["parameters", "pieces", "corpus_pieces", "changed_tokens", "lost_mass"]

    /// The type of the weights that are kept.
    enum Precision: String, CaseIterable, Sendable {
        case f32, bf16
        /// As in the model's file; training cannot change such weights.
        case stored
    }

    let model: Reference
    let settings: PruneSettings
    let precision: Precision
    let outputName: String

    init(_ section: Section) {
        model = section.modelReference("The model that is pruned.")
        settings = PruneSettings(section, of: model)
        precision = section.value(
            "precision", .choice, default: .f32,
            "The type of the weights kept. stored leaves them as they are, quantized ones too: for a teacher."
        )
        outputName = section.artifactName(default: "pruned")
        if settings.keepsAll, section.sound("layers", "width", "heads", "feed_forward", "vocabulary") {
            section.problem(
                at: "model", "nothing is pruned",
                hint: "give layers, width, heads, feed_forward or vocabulary")
        }
        if precision == .stored, !settings.plan.keepsRows {
            section.problem(
                at: "precision", "rows of stored weights are kept as they are",
                hint: "use f32 or bf16 where width, heads or feed_forward are pruned, or with reconstruct")
        }
    }

    init(model: Reference, settings: PruneSettings, precision: Precision, outputName: String) {
        self.model = model
        self.settings = settings
        self.precision = precision
        self.outputName = outputName
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .checkpoint, file: "model")] }

    /// The shape that is left of the model.
    func configuration(ofOutput index: Int, _ models: any ModelLookup) -> Configuration? {
        guard var shape = models.configuration(of: model) else { return nil }
        let plan = settings.plan
        switch plan.layers {
        case .count(let count)?: shape.layers = count
        case .chosen(let chosen)?: shape.layers = chosen.count
        case nil: break
        }
        shape.feedForward = plan.feedForward ?? shape.feedForward
        if let heads = plan.heads {
            // As many of each group where that is possible, else whole groups.
            let groups = max(1, shape.keyValueHeads)
            let size = max(1, shape.heads / groups)
            if heads % groups != 0 { shape.keyValueHeads = max(1, heads / size) }
            shape.heads = heads
        }
        shape.width = plan.width ?? shape.width
        shape.vocabularySize = plan.vocabulary?.size ?? shape.vocabularySize
        return shape
    }
}
