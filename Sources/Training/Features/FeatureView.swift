import Signals
import Support
import Tensors
import Transformer

// N rows of a batch, C width, H heads, K key-value heads, D width of a head, M positions before targets.

/// The activations of one model at one layer.
struct FeatureView {
    /// [N, C]
    let hidden: Tensor
    /// The model's queries, keys and values; nil for cached hidden states.
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

    /// Cached hidden states of a layer, from 0, at the M positions of the student: N is M.
    init(_ cached: CachedHidden, layer: Int, of batch: TrainingBatch) {
        hidden = cached.states(ofLayer: layer + 1)
        rows = Array(batch.positions.indices)
        segments = batch.tokens.segments.map { bound in
            // Positions rise: the number of those before a bound, by bisection.
            var (low, high) = (0, batch.positions.count)
            while low < high {
                let middle = (low + high) / 2
                if batch.positions[middle] < bound { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// What is known of the teacher whose activations are compared.
struct TeacherActivations {
    let layers: Int
    let width: Int
    /// The layers whose hidden states are available, from 1; nil for all.
    let stored: [Int]?
    /// Empty where only hidden states are available.
    let attention: [AttentionShape]

    init(_ teacher: Configuration) {
        (layers, width, stored, attention) = (teacher.layers, teacher.width, nil, teacher.attention)
    }

    init(_ cached: HiddenLayers) {
        (layers, width, stored, attention) = (cached.count, cached.width, cached.stored, [])
    }
}

/// The activations of both models at one pair of layers.
struct FeaturePair {
    let student: FeatureView
    let teacher: FeatureView
    let parameters: [String: Float]
    /// [C of the teacher, C of the student]; nil where the kind has none.
    let projector: Tensor?
}

/// The value of a feature loss.
struct FeatureValue {
    let loss: Double
    /// The tensors the loss reads, on the tape, with ∂loss of each.
    let gradients: [(tensor: Tensor, gradient: Tensor)]
}
