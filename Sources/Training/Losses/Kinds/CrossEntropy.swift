import Tensors

extension LossKind {
    /// −ln q[target]: the loss of plain training, without a teacher.
    public static let crossEntropy = LossKind(
        name: "cross_entropy", summary: "−ln q of the token that follows: no teacher.", input: .target
    ) { row in
        // ∂L/∂z = q − onehot(target).
        kernels.add_scaled(row.q, row.factor, row.gradient, row.count)
        row.gradient[row.target] -= row.factor
        return -safeLog(row.q[row.target])
    }
}

extension Loss {
    /// The cross-entropy of the next token.
    public static let crossEntropy = Loss(.crossEntropy)
}
