import Signals
import Support
import Tensors
import Transformer

/// A way to compare what lies inside two models, layer by layer. It goes with losses of the head, which alone reach the
/// vocabulary.
public struct FeatureKind: Sendable {
    /// Which layers are compared unless a recipe says so.
    public enum Layers: Sendable { case all, last }

    public let name: String
    /// The formula in words, for the reference of recipe keys.
    public let summary: String
    public let parameters: [LossKind.Parameter]
    public let usualLayers: Layers
    /// Whether the student's hidden states go through a learned matrix first, so that widths may differ.
    public let hasProjector: Bool
    /// Whether it compares all pairs of tokens of a sequence, by their queries, keys and values: both models must read the
    /// same, and no cache will do.
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

    /// Every kind, in the order of the reference.
    public static let all: [FeatureKind] = [
        .hiddenMSE, .hiddenCosine, .attentionTransfer, .relations, .distances, .angles,
    ]
}

extension FeatureKind: Equatable {
    public static func == (a: FeatureKind, b: FeatureKind) -> Bool { a.name == b.name }
}

/// A feature loss with its numbers and its share of the objective.
public struct WeightedFeature: Equatable, Sendable {
    public var kind: FeatureKind
    public var weight: Float
    /// The student's layers that are compared, from 1; nil for the kind's usual ones. Layer i looks at the teacher's
    /// layer round(i · teacher's layers / student's layers), at least 1.
    public var layers: [Int]?
    /// A value for each of the kind's parameters.
    public let parameters: [String: Float]

    /// - Parameter parameters: those that differ from the kind's standard values
    public init(
        _ kind: FeatureKind, weight: Float = 1, layers: [Int]? = nil, parameters given: [String: Float] = [:]
    ) {
        self.kind = kind
        self.weight = weight
        self.layers = layers
        parameters = Dictionary(
            uniqueKeysWithValues: kind.parameters.map { ($0.name, given[$0.name] ?? $0.standard) })
    }

    /// Whether a student of so many layers has those that are compared.
    ///
    /// - Throws: `UserError` with the layers it has.
    public func checkLayers(of count: Int) throws(UserError) {
        guard let layer = layers?.first(where: { !(1...count).contains($0) }) else { return }
        throw UserError(
            "\(kind.name) compares layer \(layer) of a student with \(count)",
            hint: "accepted: 1 to \(count)", status: .configuration)
    }

    /// The teacher's layers that are looked at, from 1.
    public func teacherLayers(student: Int, teacher: Int) -> [Int] {
        layerMap(student: student, teacher: teacher).map { $0.teacher + 1 }
    }

    /// Pairs of layers, from 0.
    func layerMap(student: Int, teacher: Int) -> [(student: Int, teacher: Int)] {
        let chosen = layers ?? (kind.usualLayers == .all ? Array(1...student) : [student])
        return chosen.map { layer in
            let mapped = (Double(layer) * Double(teacher) / Double(student)).rounded()
            return (layer - 1, max(1, Int(mapped)) - 1)
        }
    }
}

/// One model's side of a comparison at one layer.
struct FeatureView {
    /// [N, C]
    let hidden: Tensor
    /// The model's queries, keys and values; nil for a cache's hidden states.
    var attention: (queryKeyValue: Tensor, shape: AttentionShape)?
    /// Bounds of the sequences, from 0 to N.
    let segments: [Int]
    /// The M rows whose next token is a target.
    let rows: [Int]

    /// [N, (H + 2K)·D]
    var queryKeyValue: Tensor { whole.queryKeyValue }
    var shape: AttentionShape { whole.shape }

    private var whole: (queryKeyValue: Tensor, shape: AttentionShape) {
        guard let attention else { preconditionFailure("a cache holds no queries, keys and values") }
        return attention
    }
}

extension FeatureView {
    /// A model's activations at a layer, from 0.
    init(_ activations: Activations, layer: Int, segments: [Int], rows: [Int]) {
        hidden = activations.hidden[layer]
        attention = (activations.queryKeyValue[layer], activations.shape)
        self.segments = segments
        self.rows = rows
    }

    /// A cache's hidden states of a layer, from 0, at the rows of the student that are kept: N is M.
    init(_ cached: CachedHidden, layer: Int, of batch: TrainingBatch) {
        hidden = cached.states(ofLayer: layer + 1)
        rows = Array(batch.positions.indices)
        segments = batch.tokens.segments.map { bound in
            // Positions rise, so the first at or after a bound counts those before it.
            var (low, high) = (0, batch.positions.count)
            while low < high {
                let middle = (low + high) / 2
                if batch.positions[middle] < bound { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// What is to be known of a teacher whose inside is looked at.
struct TeacherActivations {
    let layers: Int
    let width: Int
    /// The layers that can be seen, from 1; nil for all.
    let kept: [Int]?
    /// Empty where only hidden states can be seen.
    let attention: [AttentionShape]

    init(_ teacher: Configuration) {
        (layers, width, kept, attention) = (teacher.layers, teacher.width, nil, teacher.attention)
    }

    init(_ cached: HiddenLayers) {
        (layers, width, kept, attention) = (cached.count, cached.width, cached.kept, [])
    }
}

/// Both sides, at one pair of layers.
struct FeaturePair {
    let student: FeatureView
    let teacher: FeatureView
    let parameters: [String: Float]
    /// [C of the teacher, C of the student]; nil where the kind has none.
    let projector: Tensor?
}

/// What a comparison comes to.
struct FeatureValue {
    let loss: Double
    /// The tensors the loss reads, on the tape, with ∂loss of each.
    let gradients: [(tensor: Tensor, gradient: Tensor)]
}
