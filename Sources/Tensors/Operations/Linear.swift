// N rows (positions), I input width, O output width.

/// y = x · weightᵀ (+ residual).
///
/// - Parameters:
///   - x: [N, I]
///   - weight: [O, I], as PyTorch stores it; one kept as stored passes no gradient on
///   - residual: [N, O], added to the product; the skip connection of a block
/// - Returns: [N, O]
public func linear(_ x: Tensor, weight: Tensor, adding residual: Tensor? = nil) -> Tensor {
    let y = Tensor(shape: [x.rows, weight.rows])
    if let residual { y.copyValues(from: residual) }
    withExtendedLifetime(x) {
        MatrixProduct.multiply(x.matrix, transposed: weight, into: y.matrix, beta: residual == nil ? 0 : 1)
    }

    let inputs = [x, weight] + (residual.map { [$0] } ?? [])
    let (slot, shape, input) = (x.gradientSlot, x.shape, x.recomputation ?? { x })
    Tape.append(output: y, inputs: inputs) { dy in
        slot?.accumulate(shape: shape) { dx, beta in
            MatrixProduct.multiply(dy.matrix, weight.matrix, into: dx.matrix, beta: beta)
        }
        weight.gradientSlot?.accumulate(shape: weight.shape) { dweight, beta in
            // A view does not keep its tensor alive.
            withExtendedLifetime(input()) { x in
                MatrixProduct.multiply(dy.matrix.transposed, x.matrix, into: dweight.matrix, beta: beta)
            }
        }
        // Last, because the residual takes dy's buffer over.
        residual?.gradientSlot?.adopt(dy)
    }
    return y
}
