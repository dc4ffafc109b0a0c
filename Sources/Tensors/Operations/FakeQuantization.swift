import Foundation
import Support

// O rows of a weight, I values each.

/// The values that a matrix has once it is written in a format; the gradient passes as if nothing had been rounded
/// (straight-through estimator, Bengio et al. 2013, arXiv 1308.3432).
///
/// - Parameters:
///   - weight: [O, I], rows of whole blocks of the format
///   - format: one that floats are rounded to
/// - Returns: [O, I]
public func fakeQuantized(_ weight: Tensor, to format: WeightFormat) -> Tensor {
    let width = weight.width
    guard let bytes = format.byteCount(width) else {
        preconditionFailure("rows of \(width) values are no whole blocks of \(format.rawValue)")
    }
    let rounded = Tensor(shape: weight.shape)
    Parallel.forRanges(of: weight.rows, grain: max(1, 1 << 14 / max(width, 1))) { rows in
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { blocks in
            for row in rows {
                Quantizer.narrow(
                    weight.pointer(row: row), count: width, to: format, into: blocks.baseAddress!)
                format.widen(blocks.baseAddress!, count: width, into: rounded.pointer(row: row))
            }
        }
    }
    Tape.append(output: rounded, inputs: [weight]) { gradient in weight.gradientSlot?.adopt(gradient) }
    return rounded
}
