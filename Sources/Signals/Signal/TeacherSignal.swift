import Tensors
import Transformer

// M positions of a batch that precede targets, V vocabulary, C teacher's width.

/// The teacher's distributions at the M positions of a batch that precede targets.
public enum TeacherSignal {
    /// The whole distribution, from the teacher's final hidden states [M, C] and head [V, C].
    case dense(hidden: Tensor, head: OutputHead)
    /// The whole distributions of several teachers, combined.
    case mixture([(hidden: Tensor, head: OutputHead)], TeacherMixture)
    /// A few probabilities per position, read from a cache.
    case sparse(SparseSignal)

    /// Final hidden states and heads, where whole distributions are computed from them.
    package var members: [(hidden: Tensor, head: OutputHead)] {
        switch self {
        case .dense(let hidden, let head): [(hidden, head)]
        case .mixture(let members, _): members
        case .sparse: []
        }
    }

    package var mixture: TeacherMixture {
        if case .mixture(_, let mixture) = self { mixture } else { .one }
    }

    /// The largest number of entries of a sparse position; 0 for a dense signal.
    package var mostEntries: Int {
        switch self {
        case .dense, .mixture: 0
        case .sparse(let signal): signal.mostEntries
        }
    }
}
