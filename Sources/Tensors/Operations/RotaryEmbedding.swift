import Foundation

/// Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864), for positions up to a limit.
public struct RotaryTable: Sendable {
    /// [positions, dimension / 2]
    let cosines: Tensor
    /// [positions, dimension / 2]
    let sines: Tensor
    public let positions: Int
    public let dimension: Int

    /// Component j of a head turns by position · theta^(−2j / dimension).
    public init(positions: Int, dimension: Int, theta: Double) {
        precondition(dimension % 2 == 0, "rotary embedding pairs components: \(dimension) is odd")
        self.positions = positions
        self.dimension = dimension
        let half = dimension / 2
        cosines = Tensor(shape: [positions, half])
        sines = Tensor(shape: [positions, half])
        for j in 0..<half {
            // Float32, as the reference implementations compute it.
            let frequency = 1 / Float(pow(theta, 2 * Double(j) / Double(dimension)))
            for position in 0..<positions {
                let angle = Double(Float(position) * frequency)
                cosines.pointer[position * half + j] = Float(cos(angle))
                sines.pointer[position * half + j] = Float(sin(angle))
            }
        }
    }
}

/// Turns the first `heads` heads of each row by the angles of its position.
///
/// The turn happens in the buffer of `x`, which must not be read again: no operation that makes `x` needs its output
/// for its backward pass.
///
/// - Parameters:
///   - x: [N, W] with W at least heads · dimension; Hugging Face's convention, component j pairs with
///     j + dimension / 2
///   - positions: N positions below the table's limit
/// - Returns: [N, W], the same buffer
public func rotaryEmbedding(_ x: Tensor, positions: [Int32], heads: Int, table: RotaryTable) -> Tensor {
    precondition(
        positions.count == x.rows && positions.allSatisfy { $0 >= 0 && $0 < table.positions },
        "rotary embedding needs a position below \(table.positions) for each of \(x.rows) rows")
    func turn(_ buffer: Tensor, direction: Float) {
        let width = buffer.width
        positions.withUnsafeBufferPointer { positions in
            let first = positions.baseAddress
            Parallel.forRanges(of: buffer.rows, grain: 64) { rows in
                kernels.rotary(
                    buffer.pointer + rows.lowerBound * width, first! + rows.lowerBound, table.cosines.pointer,
                    table.sines.pointer, rows.count, width, heads, table.dimension, direction)
            }
        }
    }
    turn(x, direction: 1)
    let y = Tensor(shape: x.shape, sharing: x)
    Tape.append(output: y, inputs: [x]) { dy in
        turn(dy, direction: -1)
        x.gradientSlot?.adopt(dy)
    }
    return y
}
