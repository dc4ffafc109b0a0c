// N rows, F feed-forward width.

/// silu(gate) · up (Shazeer 2020, arXiv 2002.05202).
///
/// - Parameter gateUp: [N, 2F]; each row holds F gates, then F ups
/// - Returns: [N, F]
public func swiGLU(_ gateUp: Tensor) -> Tensor {
    let width = gateUp.width / 2
    let y = Tensor(shape: [gateUp.rows, width])
    Parallel.forRanges(of: gateUp.rows, grain: 16) { rows in
        let start = rows.lowerBound
        kernels.swiglu(gateUp.pointer + start * 2 * width, y.pointer + start * width, rows.count, width)
    }
    Tape.append(output: y, inputs: [gateUp]) { dy in
        let dgateUp = Tensor(shape: gateUp.shape)
        Parallel.forRanges(of: gateUp.rows, grain: 16) { rows in
            let start = rows.lowerBound
            kernels.swiglu_backward(
                gateUp.pointer + start * 2 * width, dy.pointer + start * width,
                dgateUp.pointer + start * 2 * width,
                rows.count, width)
        }
        gateUp.gradientSlot?.adopt(dgateUp)
    }
    return y
}
