import Support
import Tensors
import Training
import Transformer

// M positions, C width, V vocabulary; h the final hidden state at a position, y the label distribution of the next token there,
// q the model's.

/// The statistic of a corpus that synthetic data is matched to: S [V, C], the mean over positions of a hᵀ.
public enum MatchedStatistic: String, CaseIterable, Sendable {
    /// a = y: the frequency of each next token, times the mean hidden state before it. Distribution matching (Zhao & Bilen 2021,
    /// arXiv 2110.04181), with the next token as the class.
    case distribution = "distribution_matching"
    /// a = q − y: the gradient of the cross-entropy with respect to the head. Gradient matching (Zhao, Mopuri & Bilen
    /// 2020, arXiv 2006.05929) of the last layer.
    case gradient = "gradient_matching"

    /// The most positions whose distributions are in memory at once.
    static func positionsAtOnce(vocabulary: Int) -> Int { max(16, min(2_048, (1 << 25) / vocabulary)) }

    /// Adds the statistic of M positions to a sum, [V, C].
    ///
    /// - Parameters:
    ///   - hidden: [M, C], M at most `positionsAtOnce`
    ///   - targets: the next tokens, where y is 1
    func add(hidden: Tensor, head: OutputHead, targets: [Int32], to sum: Tensor) {
        let a = coefficients(hidden: hidden, head: head).predicted
        for (row, target) in targets.enumerated() {
            a.pointer(row: row)[Int(target)] += self == .gradient ? -1 : 1
        }
        MatrixProduct.multiply(a.matrix.transposed, hidden.matrix, into: sum.matrix, beta: 1)
    }

    /// ‖S − wanted‖² / ‖wanted‖², on the tape, with gradients of hidden states and labels.
    ///
    /// - Parameters:
    ///   - hidden: [M, C], M at most `positionsAtOnce`
    ///   - labels: [M, V], the logits of y
    ///   - wanted: [V, C]
    /// - Returns: a scalar
    func distance(hidden: Tensor, head: OutputHead, labels: Tensor, to wanted: Tensor) -> Tensor {
        let y = softmaxed(labels)
        let (q, capped) = coefficients(hidden: hidden, head: head)
        let a = Tensor(shape: labels.shape)
        let sign: Float = self == .gradient ? -1 : 1
        Parallel.forRanges(of: a.count, grain: 1 << 14) { range in
            for i in range { a.pointer[i] = q.pointer[i] + sign * y.pointer[i] }
        }
        let fraction = 1 / Float(hidden.rows)
        let difference = Tensor(shape: wanted.shape)
        MatrixProduct.multiply(a.matrix.transposed, hidden.matrix, into: difference.matrix, alpha: fraction)
        kernels.add_scaled(wanted.pointer, -1, difference.pointer, wanted.count)
        let scale = 1 / max(sumOfSquares([wanted]), .leastNormalMagnitude)
        let result = Tensor(shape: [], values: [Float(sumOfSquares([difference]) * scale)])
        Tape.append(output: result, inputs: [hidden, labels]) { seed in
            let factor = 2 * Float(scale) * fraction * seed.pointer[0]
            // da = factor · h differenceᵀ, and dh = factor · a difference.
            let da = Tensor(shape: labels.shape)
            MatrixProduct.multiply(
                hidden.matrix, difference.matrix.transposed, into: da.matrix, alpha: factor)
            let dhidden = Tensor(shape: hidden.shape)
            MatrixProduct.multiply(a.matrix, difference.matrix, into: dhidden.matrix, alpha: factor)
            if self == .gradient {
                let dz = Self.throughSoftmax(q, da, sign: 1)
                if let cap = head.softCap {
                    kernels.soft_cap_backward(capped!.pointer, dz.pointer, dz.count, cap)
                }
                MatrixProduct.multiply(dz.matrix, head.weight.matrix, into: dhidden.matrix, beta: 1)
            }
            hidden.gradientSlot?.adopt(dhidden)
            labels.gradientSlot?.adopt(Self.throughSoftmax(y, da, sign: sign))
        }
        return result
    }

    /// q where the statistic contains it, else 0; and its logits where the head has a soft cap.
    private func coefficients(hidden: Tensor, head: OutputHead) -> (predicted: Tensor, capped: Tensor?) {
        guard self == .gradient else { return (.zeros([hidden.rows, head.rows]), nil) }
        let logits = Tensor(shape: [hidden.rows, head.rows])
        head.project(hidden.matrix, into: logits.matrix)
        return (softmaxed(logits), head.softCap == nil ? nil : logits)
    }

    /// p ∘ (dp − Σ p dp), row by row: the gradient of logits.
    private static func throughSoftmax(_ p: Tensor, _ dp: Tensor, sign: Float) -> Tensor {
        let dz = Tensor(shape: p.shape)
        let width = p.width
        Parallel.forEach(count: p.rows) { row in
            let (p, dp, dz) = (p.pointer(row: row), dp.pointer(row: row), dz.pointer(row: row))
            var mean: Float = 0
            kernels.row_dots(p, dp, &mean, 1, width, width, width)
            for i in 0..<width { dz[i] = sign * p[i] * (dp[i] - mean) }
        }
        return dz
    }
}

/// The softmax of each row. No gradients flow.
func softmaxed(_ logits: Tensor) -> Tensor {
    let result = Tensor(shape: logits.shape)
    Parallel.forEach(count: logits.rows) { row in
        RowDistribution.softmax(
            logits.pointer(row: row), temperature: 1, into: result.pointer(row: row), count: logits.width)
    }
    return result
}
