import Support

// N rows (positions), I input width, O output width.

/// The arithmetic of products with quantized weights. Other weights are always multiplied in Float32.
public enum ProductArithmetic: String, Codable, Sendable {
    /// Rows are rounded to 8 bits, with a scale for each 32 values, and multiplied by the weights as they are stored.
    /// Several times as fast, and as exact as the weights: other programs that run GGUF files do the same.
    case int8
    /// Weights are dequantized to Float32: what training, labelling and evaluation compute.
    case float
}

/// y = x · weightᵀ (+ residual), like `linear`, for generation: few rows, no backward pass.
///
/// The bits of an output row depend on its input row and the weights alone, not on N or the number of threads.
/// So a sequence is continued the same way whichever sequences share its batch. OpenBLAS does not promise that, and at
/// 16 rows it spends as long on packing weights as on multiplying: this took half its time.
///
/// - Parameters:
///   - x: [N, I]
///   - weight: [O, I]
///   - residual: [N, O], added to the product
///   - arithmetic: of quantized weights
/// - Returns: [N, O]
public func rowwiseLinear(
    _ x: Tensor, weight: Tensor, adding residual: Tensor? = nil, arithmetic: ProductArithmetic = .float
) -> Tensor {
    precondition(
        x.width == weight.width && !Tape.records(x, weight),
        "a rowwise product takes \(weight.width) inputs, not \(x.width), and has no backward pass")
    let y = Tensor(shape: [x.rows, weight.rows])
    if let residual { y.copyValues(from: residual) }
    guard arithmetic == .int8, let stored = weight.stored else {
        floatProduct(x, weight, rows: 0..<weight.rows, into: y, adds: residual != nil)
        return y
    }
    // Rounded once for all parts with groups of a size.
    var rounded: [Int: RoundedRows] = [:]
    var first = 0
    for part in stored.parts {
        if let unpacking = part.dtype.integerUnpacking() {
            let rows = rounded[unpacking.group] ?? RoundedRows(x, group: unpacking.group)
            rounded[unpacking.group] = rows
            rows.multiply(
                part, as: unpacking, into: y.pointer + first, stride: y.width, adds: residual != nil)
        } else {
            floatProduct(x, weight, rows: first..<first + part.rows, into: y, adds: residual != nil)
        }
        first += part.rows
    }
    return y
}

/// Some columns of y (+)= x · weightᵀ in Float32.
private func floatProduct(_ x: Tensor, _ weight: Tensor, rows chosen: Range<Int>, into y: Tensor, adds: Bool)
{
    let (rows, inputs, outputs) = (x.rows, x.width, weight.rows)
    let panels = (rows + widestPanel - 1) / widestPanel
    func lanes(of panel: Int) -> Int {
        rows - panel * widestPanel <= kernels.narrow_panel ? kernels.narrow_panel : widestPanel
    }
    let packed = Tensor(shape: [panels, inputs * widestPanel])
    Parallel.forEach(count: panels) { panel in
        let start = panel * widestPanel
        kernels.pack_panel(
            x.pointer + start * inputs, packed.pointer + panel * packed.width, min(widestPanel, rows - start),
            inputs,
            inputs, lanes(of: panel))
    }
    // A block's weights stay in a core's L2 cache (here a quarter of 1 MiB) while every panel passes over them. A thread
    // takes blocks that follow one another, since the kernel prefetches what comes next.
    let block = max(1, min(4, 65_536 / (inputs * outputTile))) * outputTile
    let blocks = (chosen.count + block - 1) / block
    let grain = max(1, blocks / (Parallel.capacity * 4))
    Parallel.forRanges(of: blocks, grain: grain) { piece in
        let scratch = weight.stored.map { _ in Tensor(shape: [block, inputs]) }
        for first in piece.map({ chosen.lowerBound + $0 * block }) {
            let range = first..<min(first + block, chosen.upperBound)
            // Dequantized once for all rows of x.
            if let scratch { weight.stored?.dequantize(rows: range, into: scratch.pointer) }
            let weights = scratch?.pointer ?? weight.pointer(row: range.lowerBound)
            for panel in 0..<panels {
                let start = panel * widestPanel
                kernels.panel_product(
                    packed.pointer + panel * packed.width, weights,
                    y.pointer + start * outputs + range.lowerBound, min(widestPanel, rows - start),
                    range.count, inputs, outputs, lanes(of: panel), adds ? 1 : 0)
            }
        }
    }
}

/// Rows of a panel: one or two vectors.
private let widestPanel = 16
/// Outputs computed together; a multiple of the kernel's tiles in every variant: 6, 12 and 24.
private let outputTile = 24
