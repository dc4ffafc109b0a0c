import Training

/// One loss on what lies inside the models.
public struct FeatureSettings: Sendable, RecipeSection {
    public let kind: FeatureKind
    public let weight: Double
    /// The student's layers, from 1; `nil` for the kind's usual ones.
    public let layers: [Int]?
    public let parameters: [String: Double]
    let place: SourceLocation

    init(_ section: Section) {
        let kinds = FeatureKind.all
        kind = section.value(
            "kind", .named(kinds, \.name),
            kinds.map { "\($0.name): \($0.summary)" }.joined(separator: " "))
        weight = section.value(
            "weight", .number(WeightedLoss.weightLimits), default: 1, "Factor of the loss in the sum.")
        layers = section.optional(
            "layers", .list(of: .integer(1...512)), defaultText: "all; minilm and rkd_…: the last",
            "The student's layers, counted from 1; layer i looks at the teacher's at the same share of the depth."
        )
        parameters = section.parameters(of: kind, among: kinds, name: \.name, parameters: \.parameters)
        place = section.place(of: "kind")
    }

    var weighted: WeightedFeature {
        WeightedFeature(
            kind, weight: Float(weight), layers: layers, parameters: parameters.mapValues { Float($0) })
    }
}
