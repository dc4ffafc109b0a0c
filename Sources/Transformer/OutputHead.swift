import Support
import Tensors

// M positions, C width, V vocabulary.

/// What turns final hidden states into logits: a projection and, in some families, a bound.
public struct OutputHead {
    /// [V, C]
    public let weight: Tensor
    /// Logits z become softCap · tanh(z / softCap) (Gemma 2, arXiv 2408.00118); nil leaves them as they are.
    public let softCap: Float?

    /// A head.
    public init(weight: Tensor, softCap: Float? = nil) {
        self.weight = weight
        self.softCap = softCap
    }

    /// Pieces of the vocabulary, V.
    public var rows: Int { weight.rows }

    /// Writes logits over `output`.
    ///
    /// - Parameters:
    ///   - hidden: [M, C]
    ///   - output: [M, V]
    public func project(_ hidden: MatrixView, into output: MatrixView) {
        MatrixProduct.multiply(hidden, transposed: weight, into: output)
        cap(output)
    }

    /// Logits on the tape, for few rows.
    ///
    /// - Parameter hidden: [M, C]
    /// - Returns: [M, V]
    func logits(of hidden: Tensor) -> Tensor {
        let z = linear(hidden, weight: weight)
        guard let softCap else { return z }
        return Tensors.softCap(z, at: softCap)
    }

    /// Logits for sampling: a row's bits depend on that row alone.
    ///
    /// - Parameters:
    ///   - hidden: [M, C]
    ///   - arithmetic: of quantized weights
    /// - Returns: [M, V]
    func samplingLogits(of hidden: Tensor, arithmetic: ProductArithmetic) -> Tensor {
        let z = rowwiseLinear(hidden, weight: weight, arithmetic: arithmetic)
        cap(z.matrix)
        return z
    }

    private func cap(_ logits: MatrixView) {
        guard let softCap else { return }
        Parallel.forEach(count: logits.rows) { row in
            kernels.soft_cap(logits.pointer + row * logits.stride, logits.columns, 1, softCap)
        }
    }
}
