import Signals
import Tensors

// V vocabulary, n outcomes: V tokens, or the k tokens and the tail of a top-k signal.

/// One position as a loss of probabilities sees it.
///
/// A loss L adds q_j (g_j − Σ q_i g_i), g = ∂L/∂q: its gradient with respect to z / T, z the student's logits and T the
/// temperature. `pointwise` and `add(slopes:)` apply this chain rule.
public struct LossRow {
    let loss: Loss
    /// Number of outcomes, n.
    public internal(set) var count: Int
    /// The student's probabilities, n values, none below the smallest normal number; its logits for a loss of logits.
    var q: UnsafeMutablePointer<Float>
    /// The same of the teacher; n values unless the vocabularies differ.
    var p: UnsafeMutablePointer<Float>
    var teacherCount: Int
    /// The next token.
    let target: Int
    /// How the student sampled that token; nil where it did not.
    var drawn: DrawnToken?
    /// Where `factor` times the gradient is added, n values.
    var gradient: UnsafeMutablePointer<Float>
    let factor: Float
    let scratch: LossScratch

    /// The value of one of the loss's parameters.
    public subscript(parameter: String) -> Float {
        guard let value = loss.parameters[parameter] else {
            preconditionFailure("\(loss.kind.name) has no parameter \(parameter)")
        }
        return value
    }

    /// A loss that is a sum over outcomes, with its gradient.
    ///
    /// - Parameter term: one outcome's term of the loss, and its derivative with respect to q
    /// - Returns: the sum
    public func pointwise(_ term: (_ p: Float, _ q: Float) -> (value: Float, derivative: Float)) -> Float {
        precondition(teacherCount == count, "a sum over outcomes needs equal vocabularies")
        let slopes = scratch[0]
        var sum: Float = 0
        for i in 0..<count {
            let (value, derivative) = term(p[i], q[i])
            sum += value
            slopes[i] = q[i] * derivative
        }
        add(slopes: slopes)
        return sum
    }

    /// Above this temperature KL divergences are summed by terms that do not cancel. At a temperature T two softmax
    /// distributions differ by about 1/T, their divergence is about 1/T², and it counts T² times: the rounding error of
    /// Σ p ln(p/q), 1e-7, counts 1e-7 T². Up to 4 that is below 2e-6, and the sum's bits are those of the fused kernels.
    private static let nearbyTemperature: Float = 4

    /// KL(a ‖ b), given the plain sum Σ a ln(a/b) that a kernel computed with the gradient.
    ///
    /// Accurate to 1% of its size or 1e-4/T², whichever is more, at temperatures up to 10,000 (see `RowLossExtremesTests`).
    func divergence(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, plain: Float) -> Float {
        loss.temperature > Self.nearbyTemperature ? kernels.nearby_kl(a, b, count) : plain
    }

    /// Whether the plain sums of the loss are accurate enough.
    var isPlain: Bool { loss.temperature <= Self.nearbyTemperature }

    /// The sign of a − b, the derivative of |a − b|; 0 where two probabilities differ by rounding error only, a few units in
    /// the last place, so that equal models have no gradient.
    static func sign(of a: Float, minus b: Float) -> Float {
        let difference = a - b
        return abs(difference) <= 2e-6 * (a + b) ? 0 : difference < 0 ? -1 : 1
    }

    /// Adds the gradient of a loss given by h_i = q_i g_i = ∂L/∂ln q_i, which stays finite where q vanishes: h − q Σh.
    func add(slopes h: UnsafePointer<Float>) {
        kernels.add_scaled(h, factor, gradient, count)
        kernels.add_scaled(q, -factor * kernels.sum(h, count), gradient, count)
    }
}

/// Scratch buffers of a row's length for losses, owned by one thread.
final class LossScratch {
    private let rows: Tensor
    private let vocabulary: Int
    private lazy var ids = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * vocabulary)
    private var hasIDs = false

    /// - Parameter vocabulary: of student or teacher, the larger one
    init(vocabulary: Int) {
        self.vocabulary = vocabulary
        rows = Tensor(shape: [4, vocabulary])
    }

    deinit {
        if hasIDs { ids.deallocate() }
    }

    /// One of four buffers of V numbers.
    subscript(row: Int) -> UnsafeMutablePointer<Float> { rows.pointer(row: row) }

    /// One of two buffers of V token ids, for losses that sort.
    func integers(_ row: Int) -> UnsafeMutablePointer<Int32> {
        hasIDs = true
        return ids + row * vocabulary
    }
}
