import RecipeSchema
import Training

/// One loss on the models' activations.
struct FeatureSettings: Sendable, RecipeSection {
    let feature: WeightedFeature
    let location: SourceLocation

    var kind: FeatureKind { feature.kind }

    init(_ section: Section) {
        let kinds = FeatureKind.all
        let kind = section.value(
            "kind", .named(kinds, \.name),
            kinds.map { "\($0.name): \($0.summary)" }.joined(separator: " "))
        let weight = section.value(
            "weight", .float(WeightedLoss.weightLimits), default: 1, "Factor of the loss in the sum.")
        let layers = section.optional(
            "layers", .list(of: .integer(1...512)), defaultText: "all; minilm and rkd_…: the last",
            "The student's layers, counted from 1; each is compared with the teacher's layer at the same relative depth."
        )
        let parameters = section.parameters(
            of: kind, among: kinds, name: \.name, parameters: \.parameters)
        feature = WeightedFeature(kind, weight: weight, layers: layers, parameters: parameters)
        location = section.location(of: "kind")
    }
}
