import Foundation
import Support

// O rows of a weight, I values each.

/// Fake-quantized weights: a matrix rounded to the values that it has after export; the gradient passes as if nothing had been
/// rounded (straight-through estimator, Bengio et al. 2013, arXiv 1308.3432).
///
/// - Parameters:
///   - weight: [O, I], whose rows are whole blocks of the type
///   - dtype: a type that `Quantizer` rounds to
/// - Returns: [O, I]
public func fakeQuantized(_ weight: Tensor, to dtype: DType) -> Tensor {
    let width = weight.width
    guard let bytes = dtype.byteCount(width) else {
        preconditionFailure("rows of \(width) values are no whole blocks of \(dtype.rawValue)")
    }
    let rounded = Tensor(shape: weight.shape)
    Parallel.forRanges(of: weight.rows, grain: max(1, 1 << 14 / max(width, 1))) { rows in
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { blocks in
            for row in rows {
                Quantizer.quantize(
                    weight.pointer(row: row), count: width, to: dtype, into: blocks.baseAddress!)
                dtype.dequantize(blocks.baseAddress!, count: width, into: rounded.pointer(row: row))
            }
        }
    }
    Tape.append(output: rounded, inputs: [weight]) { gradient in weight.gradientSlot?.adopt(gradient) }
    return rounded
}
