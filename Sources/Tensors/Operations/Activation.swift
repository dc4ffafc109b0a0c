import Support

/// What a feed-forward without a gate passes its neurons through (Hendrycks & Gimpel 2016, arXiv 1606.08415).
public enum Activation: String, Codable, Sendable {
    /// x · P(X ≤ x) for a standard normal X.
    case gelu
    /// Its approximation x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
    case geluTanh
}

/// activation(x), element by element.
///
/// - Parameter x: [N, F]
/// - Returns: [N, F]
public func activated(_ x: Tensor, _ activation: Activation) -> Tensor {
    let (forward, backward) =
        switch activation {
        case .gelu: (kernels.gelu!, kernels.gelu_backward!)
        case .geluTanh: (kernels.gelu_tanh!, kernels.gelu_tanh_backward!)
        }
    func passed() -> Tensor {
        let y = Tensor(shape: x.shape)
        Parallel.forRanges(of: x.count, grain: elementwiseGrain) { range in
            forward(x.pointer + range.lowerBound, y.pointer + range.lowerBound, range.count)
        }
        return y
    }
    let y = passed()
    if Tape.records(x) { y.recomputation = passed }
    Tape.append(output: y, inputs: [x]) { dy in
        let dx = Tensor(shape: x.shape)
        Parallel.forRanges(of: x.count, grain: elementwiseGrain) { range in
            let start = range.lowerBound
            backward(x.pointer + start, dy.pointer + start, dx.pointer + start, range.count)
        }
        x.gradientSlot?.adopt(dx)
    }
    return y
}
