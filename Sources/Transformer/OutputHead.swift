import Support
import Tensors

// M positions, C width, V vocabulary.

/// What turns final hidden states into logits: a projection and, in some families, a bound.
public struct OutputHead {
    /// [V, C]
    public let weight: Tensor
    /// Logits z become softCap · tanh(z / softCap) (Gemma 2, arXiv 2408.00118); nil leaves them as they are.
    public let softCap: Float?
    /// Pieces that have a row but no probability, ascending: those of another vocabulary that the model lacks.
    public let missing: [Int32]

    /// The logit of a missing piece. Its probability is 0 at every temperature, and differences of logits stay finite.
    public static let missingLogit: Float = -1e30

    /// A head.
    public init(weight: Tensor, softCap: Float? = nil, missing: [Int32] = []) {
        self.weight = weight
        self.softCap = softCap
        self.missing = missing
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
        finish(output)
    }

    /// Logits on the tape, for few rows.
    ///
    /// - Parameter hidden: [M, C]
    /// - Returns: [M, V]
    func logits(of hidden: Tensor) -> Tensor {
        precondition(missing.isEmpty, "a model over another vocabulary is frozen")
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
        finish(z.matrix)
        return z
    }

    /// What follows the matrix product.
    private func finish(_ logits: MatrixView) {
        guard softCap != nil || !missing.isEmpty else { return }
        Parallel.forEach(count: logits.rows) { row in
            let row = logits.pointer + row * logits.stride
            if let softCap { kernels.soft_cap(row, logits.columns, 1, softCap) }
            for id in missing { row[Int(id)] = Self.missingLogit }
        }
    }
}
