import Support

// N rows (positions), O width.

/// y = x + bias, the bias added to every row: what a linear layer with a bias does after its product.
///
/// The sum is formed in the buffer of `x`, which must not be read again: no operation that makes `x` needs its output
/// for its backward pass.
///
/// - Parameters:
///   - x: [N, O]
///   - bias: [O]
/// - Returns: [N, O], the same buffer
public func rowBias(_ x: Tensor, _ bias: Tensor) -> Tensor {
    precondition(bias.shape == [x.width], "a bias of \(bias.shape) for rows of \(x.width)")
    let (rows, width) = (x.rows, x.width)
    // Rows whose gradients are summed together: the sum's order does not depend on the number of threads.
    let grain = 64
    Parallel.forRanges(of: rows, grain: grain) { range in
        for row in range { kernels.add(bias.pointer, x.pointer + row * width, width) }
    }
    let y = Tensor(shape: x.shape, sharing: x)
    Tape.append(output: y, inputs: [x, bias]) { dy in
        bias.gradientSlot?.accumulate(shape: [width]) { dbias, beta in
            let partial = Tensor.zeros([(rows + grain - 1) / grain, width])
            Parallel.forRanges(of: rows, grain: grain) { range in
                for row in range {
                    kernels.add(dy.pointer + row * width, partial.pointer(row: row / grain), width)
                }
            }
            if beta == 0 { dbias.fill(0) }
            for piece in 0..<partial.rows { kernels.add(partial.pointer(row: piece), dbias.pointer, width) }
        }
        x.gradientSlot?.adopt(dy)
    }
    return y
}
