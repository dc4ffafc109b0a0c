import Support

/// cap · tanh(x / cap), element by element.
public func softCap(_ x: Tensor, at cap: Float) -> Tensor {
    let y = x.copy()
    Parallel.forRanges(of: y.count, grain: elementwiseGrain) { range in
        kernels.soft_cap(y.pointer + range.lowerBound, range.count, 1, cap)
    }
    Tape.append(output: y, inputs: [x]) { dy in
        Parallel.forRanges(of: y.count, grain: elementwiseGrain) { range in
            kernels.soft_cap_backward(
                y.pointer + range.lowerBound, dy.pointer + range.lowerBound, range.count, cap)
        }
        x.gradientSlot?.adopt(dy)
    }
    return y
}
