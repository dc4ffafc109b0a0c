import CKernels
import Support

// N rows (positions), I input width, O output width.

/// Rows rounded to whole numbers of 8 bits, with a scale for each 32 values.
struct RoundedRows {
    let rows: Int
    let width: Int
    /// Values whose sums are known: 32 or 16, as the weights they are multiplied by have scales.
    let group: Int
    /// N · I bytes and N · I / group `DistillGroup`s, in the order that the kernels read.
    private let levels: Tensor
    private let groups: Tensor

    /// - Parameter x: [N, I], I a multiple of 32
    init(_ x: Tensor, group: Int) {
        (rows, width, self.group) = (x.rows, x.width, group)
        levels = Tensor(shape: [rows, width / 4])
        groups = Tensor(shape: [rows, width / group * MemoryLayout<DistillGroup>.stride / 4])
        // Whole sets of rows that a kernel takes at once.
        Parallel.forRanges(of: rows, grain: 16) { range in
            let start = range.lowerBound
            kernels.round_rows(
                x.pointer + start * width, bytes + start * width, known + start * width / group, range.count,
                width, group)
        }
    }

    private var bytes: UnsafeMutablePointer<Int8> {
        UnsafeMutableRawPointer(levels.pointer).assumingMemoryBound(to: Int8.self)
    }

    private var known: UnsafeMutablePointer<DistillGroup> {
        UnsafeMutableRawPointer(groups.pointer).assumingMemoryBound(to: DistillGroup.self)
    }

    /// y = x · weightᵀ for rows of quantized weights, on several threads.
    ///
    /// - Parameters:
    ///   - part: [O, I], of a type whose group is this one's
    ///   - y: O columns of [N, ...], `stride` apart
    ///   - adds: whether the product is added to y
    func multiply(
        _ part: StoredWeights.Part, as unpacking: IntegerUnpacking, into y: UnsafeMutablePointer<Float>,
        stride: Int, adds: Bool
    ) {
        let (outputs, tile) = (part.rows, kernels.integer_outputs)
        let bytesPerRow = part.bytes.count / max(outputs, 1)
        // At least 16 pieces, so that threads end together; of at most 512 rows, and whole tiles.
        let grain = max(1, min(512, outputs / 16) / tile) * tile
        let scratchBytes = tile * (2 * width + 8 * (width / group))
        part.bytes.withUnsafeBytes { weights in
            let weights = weights.assumingMemoryBound(to: UInt8.self).baseAddress!
            Parallel.forRanges(of: outputs, grain: grain) { range in
                let scratch = Tensor(shape: [scratchBytes / 4])
                kernels.integer_product(
                    unpacking.unpack, weights + range.lowerBound * bytesPerRow, bytesPerRow, bytes, known,
                    y + range.lowerBound, rows, range.count, width, group, unpacking.hasMinimum ? 1 : 0,
                    stride,
                    adds ? 1 : 0, UnsafeMutableRawPointer(scratch.pointer).assumingMemoryBound(to: UInt8.self)
                )
            }
        }
    }
}
