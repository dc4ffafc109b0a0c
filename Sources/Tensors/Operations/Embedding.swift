import Support

// N positions, C channels, V vocabulary.

/// Row `ids[n]` of the table, times `scale`, for every position.
///
/// - Parameters:
///   - ids: N token ids below V
///   - table: [V, C]
/// - Returns: [N, C]
public func embedding(_ ids: [Int32], table: Tensor, scale: Float = 1) -> Tensor {
    let (width, vocabulary) = (table.width, table.rows)
    precondition(ids.allSatisfy { $0 >= 0 && $0 < vocabulary }, "a token id lies outside 0 ..< \(vocabulary)")
    let y = Tensor(shape: [ids.count, width])
    Parallel.forRanges(of: ids.count, grain: 256) { range in
        for n in range {
            let id = Int(ids[n])
            if let stored = table.stored {
                stored.dequantize(rows: id..<id + 1, into: y.pointer + n * width)
            } else {
                (y.pointer + n * width).update(from: table.pointer + id * width, count: width)
            }
            if scale != 1 { kernels.scale(y.pointer + n * width, scale, width) }
        }
    }
    Tape.append(output: y, inputs: [table]) { dy in
        table.gradientSlot?.accumulate(shape: table.shape) { dtable, beta in
            if beta == 0 { dtable.fill(0) }
            // Split by columns, not rows: several positions may add to the same row, always in the same order.
            Parallel.forRanges(of: width, grain: 64) { columns in
                for (n, id) in ids.enumerated() {
                    kernels.add_scaled(
                        dy.pointer + n * width + columns.lowerBound, scale,
                        dtable.pointer + Int(id) * width + columns.lowerBound, columns.count)
                }
            }
        }
    }
    return y
}

/// Rows of `x` at `indices`, in that order.
///
/// - Parameters:
///   - x: [N, C]
///   - indices: M row numbers, each at most once
/// - Returns: [M, C]
public func gatherRows(_ x: Tensor, at indices: [Int]) -> Tensor {
    let width = x.width
    let y = Tensor(shape: [indices.count, width])
    for (row, index) in indices.enumerated() {
        (y.pointer + row * width).update(from: x.pointer + index * width, count: width)
    }
    Tape.append(output: y, inputs: [x]) { dy in
        x.gradientSlot?.accumulate(shape: x.shape) { dx, beta in
            if beta == 0 { dx.fill(0) }
            for (row, index) in indices.enumerated() {
                kernels.add(dy.pointer + row * width, dx.pointer + index * width, width)
            }
        }
    }
    return y
}

/// The rows of several tensors, one after another. No gradients flow.
///
/// - Parameters:
///   - parts: [Nᵢ, C] each
///   - width: C, which no parts would leave open
/// - Returns: [ΣNᵢ, C]
public func concatenateRows(_ parts: [Tensor], width: Int) -> Tensor {
    let result = Tensor(shape: [parts.reduce(0) { $0 + $1.rows }, width])
    var row = 0
    for part in parts {
        precondition(part.width == width, "rows of \(part.width) values among rows of \(width)")
        result.pointer(row: row).update(from: part.pointer, count: part.count)
        row += part.rows
    }
    return result
}
