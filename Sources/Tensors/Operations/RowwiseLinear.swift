// N rows (positions), I input width, O output width.

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
/// - Returns: [N, O]
public func rowwiseLinear(_ x: Tensor, weight: Tensor, adding residual: Tensor? = nil) -> Tensor {
    precondition(
        x.width == weight.width && !Tape.records(x, weight),
        "a rowwise product takes \(weight.width) inputs, not \(x.width), and has no backward pass")
    let (rows, inputs, outputs) = (x.rows, x.width, weight.rows)
    let y = Tensor(shape: [rows, outputs])
    if let residual { y.copyValues(from: residual) }

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
    // A piece's weights stay in a core's L2 cache (here a quarter of 1 MiB) while every panel passes over them.
    let grain = max(1, min(4, 65_536 / (inputs * outputTile))) * outputTile
    Parallel.forRanges(of: outputs, grain: grain) { range in
        // Widened once for all rows of x.
        let scratch = weight.stored.map { stored in
            let scratch = Tensor(shape: [range.count, inputs])
            stored.widen(rows: range, into: scratch.pointer)
            return scratch
        }
        let weights = scratch?.pointer ?? weight.pointer(row: range.lowerBound)
        for panel in 0..<panels {
            let start = panel * widestPanel
            kernels.panel_product(
                packed.pointer + panel * packed.width, weights,
                y.pointer + start * outputs + range.lowerBound, min(widestPanel, rows - start), range.count,
                inputs,
                outputs, lanes(of: panel), residual == nil ? 0 : 1)
        }
    }
    return y
}

/// Rows of a panel: one or two vectors.
private let widestPanel = 16
/// Outputs computed together; a multiple of the kernel's tiles in every variant: 6, 12 and 24.
private let outputTile = 24
