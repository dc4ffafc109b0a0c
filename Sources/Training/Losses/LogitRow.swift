import Tensors

// V vocabulary.

/// One position as a loss of logits sees it, see `LossKind.ofLogits`.
///
/// Values are the logits z of both models; with `standardize`, those of mean 0 and deviation 1.
public struct LogitRow {
    let row: LossRow

    /// Number of logits, V.
    public var count: Int { row.count }

    /// The value of one of the loss's parameters.
    public subscript(parameter: String) -> Float { row[parameter] }

    /// A loss that is a sum over the vocabulary, with its gradient.
    ///
    /// - Parameter term: one token's term of the loss, and its derivative with respect to the student's logit
    /// - Returns: the sum
    public func pointwise(
        _ term: (_ teacher: Float, _ student: Float) -> (value: Float, derivative: Float)
    ) -> Float {
        var sum: Float = 0
        for i in 0..<row.count {
            let (value, derivative) = term(row.p[i], row.q[i])
            sum += value
            row.gradient[i] += row.factor * derivative
        }
        return sum
    }
}
