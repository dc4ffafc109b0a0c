import Support

// N rows, F feed-forward width.

/// What a gate passes through before it multiplies (Shazeer 2020, arXiv 2002.05202).
public enum Gate: String, Codable, Sendable {
    /// x · sigmoid(x): SwiGLU.
    case silu
    /// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))): GeGLU with the tanh form of GELU (Hendrycks & Gimpel 2016,
    /// arXiv 1606.08415).
    case geluTanh
}

/// activation(gate) · up.
///
/// - Parameter gateUp: [N, 2F]; each row holds F gates, then F ups
/// - Returns: [N, F]
public func gatedUnit(_ gateUp: Tensor, _ gate: Gate) -> Tensor {
    let width = gateUp.width / 2
    let (forward, backward) =
        switch gate {
        case .silu: (kernels.swiglu!, kernels.swiglu_backward!)
        case .geluTanh: (kernels.geglu!, kernels.geglu_backward!)
        }
    func gated() -> Tensor {
        let y = Tensor(shape: [gateUp.rows, width])
        Parallel.forRanges(of: gateUp.rows, grain: 16) { rows in
            let start = rows.lowerBound
            forward(gateUp.pointer + start * 2 * width, y.pointer + start * width, rows.count, width)
        }
        return y
    }
    let y = gated()
    if Tape.records(gateUp) { y.recomputation = gated }
    Tape.append(output: y, inputs: [gateUp]) { dy in
        let dgateUp = Tensor(shape: gateUp.shape)
        Parallel.forRanges(of: gateUp.rows, grain: 16) { rows in
            let start = rows.lowerBound
            backward(
                gateUp.pointer + start * 2 * width, dy.pointer + start * width,
                dgateUp.pointer + start * 2 * width, rows.count, width)
        }
        gateUp.gradientSlot?.adopt(dgateUp)
    }
    return y
}
