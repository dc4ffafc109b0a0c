/// A feature loss: compares the activations of student and teacher layer by layer. It is used together with losses on
/// distributions, which train the head.
public struct FeatureKind: Sendable {
    /// The layers that are compared by default.
    public enum Layers: Sendable {
        /// Every layer of the student.
        case all
        /// The student's last layer.
        case last
    }

    /// The name in recipes and logs.
    public let name: String
    /// The formula, for the key reference.
    public let summary: String
    /// Numbers that shape the formula.
    public let parameters: [LossKind.Parameter]
    /// The layers that are compared by default.
    public let usualLayers: Layers
    /// Whether the student's hidden states are projected by a learned matrix, so that widths may differ.
    public let hasProjector: Bool
    /// Whether the loss compares pairs of tokens by their queries, keys and values: both models must read the same, and a
    /// cache does not suffice.
    public let comparesTokens: Bool
    let evaluate: @Sendable (FeaturePair) -> FeatureValue

    init(
        name: String, summary: String, parameters: [LossKind.Parameter] = [], usualLayers: Layers,
        hasProjector: Bool = false, comparesTokens: Bool = false,
        evaluate: @escaping @Sendable (FeaturePair) -> FeatureValue
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.usualLayers = usualLayers
        self.hasProjector = hasProjector
        self.comparesTokens = comparesTokens
        self.evaluate = evaluate
    }

    /// Every kind, in the order of the key reference.
    public static let all: [FeatureKind] = [
        .hiddenMSE, .hiddenCosine, .attentionTransfer, .relations, .distances, .angles,
    ]
}

extension FeatureKind: Equatable {
    /// Whether two kinds have the same name, which identifies a kind.
    public static func == (a: FeatureKind, b: FeatureKind) -> Bool { a.name == b.name }
}
