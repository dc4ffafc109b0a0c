import Foundation
import Support
import Synchronization

/// Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864), for positions up to a limit.
///
/// They are computed as positions are first used: a context of 131,072 costs nothing while sequences are short.
public final class RotaryTable: Sendable {
    /// Exclusive limit of positions.
    public let positions: Int
    /// Components of a head that are turned.
    public let dimension: Int
    /// Radians a position, one for each pair of components.
    private let frequencies: [Float]
    /// Factor of all cosines and sines.
    private let amplitude: Float
    private let angles = Mutex<Angles?>(nil)

    /// Both [positions, dimension / 2].
    struct Angles: Sendable {
        let cosines: Tensor
        let sines: Tensor
    }

    /// - Parameters:
    ///   - positions: exclusive limit of positions
    ///   - frequencies: radians by which each pair of components turns from one position to the next, [dimension / 2]
    ///   - amplitude: factor of cosines and sines, and so of turned components
    public init(positions: Int, frequencies: [Float], amplitude: Float = 1) {
        self.positions = positions
        self.frequencies = frequencies
        self.amplitude = amplitude
        dimension = 2 * frequencies.count
    }

    /// Component j of a head turns by position · theta^(−2j / dimension).
    public convenience init(positions: Int, dimension: Int, theta: Double) {
        self.init(positions: positions, frequencies: Self.frequencies(dimension: dimension, theta: theta))
    }

    /// theta^(−2j / dimension) for each pair j, in Float32 as the reference implementations compute it.
    public static func frequencies(dimension: Int, theta: Double) -> [Float] {
        precondition(dimension % 2 == 0, "rotary embedding pairs components: \(dimension) is odd")
        return (0..<dimension / 2).map { 1 / Float(pow(theta, 2 * Double($0) / Double(dimension))) }
    }

    /// The angles of at least the first `count` positions.
    func angles(count: Int) -> Angles {
        angles.withLock { known in
            if let known, known.cosines.rows >= count { return known }
            // Doubled, so that a growing sequence does not recompute them with every token.
            let rows = min(max(count, 2 * (known?.cosines.rows ?? 128)), max(positions, count))
            let fresh = Angles(
                cosines: Tensor(shape: [rows, frequencies.count]),
                sines: Tensor(shape: [rows, frequencies.count]))
            for position in 0..<rows {
                for (j, frequency) in frequencies.enumerated() {
                    let angle = Double(Float(position) * frequency)
                    fresh.cosines.pointer(row: position)[j] = Float(cos(angle)) * amplitude
                    fresh.sines.pointer(row: position)[j] = Float(sin(angle)) * amplitude
                }
            }
            known = fresh
            return fresh
        }
    }
}

/// Turns the first `heads` heads of each row by the angles of its position: all components of a head, or the first of
/// them where the table has fewer (partial rotary embedding, as in GPT-NeoX, arXiv 2204.06745).
///
/// The turn happens in the buffer of `x`, which must not be read again: no operation that makes `x` needs its output
/// for its backward pass.
///
/// - Parameters:
///   - x: [N, W] with W at least heads · headDimension; Hugging Face's convention, component j pairs with
///     j + dimension / 2
///   - positions: N positions below the table's limit
///   - headDimension: components of a head, D; nil for the table's
/// - Returns: [N, W], the same buffer
public func rotaryEmbedding(
    _ x: Tensor, positions: [Int32], heads: Int, headDimension: Int? = nil, table: RotaryTable
) -> Tensor {
    let head = headDimension ?? table.dimension
    precondition(
        table.dimension <= head && heads * head <= x.width,
        "\(heads) heads of \(head) components, \(table.dimension) of them turned, in rows of \(x.width)")
    precondition(
        positions.count == x.rows && positions.allSatisfy { $0 >= 0 && $0 < table.positions },
        "rotary embedding needs a position below \(table.positions) for each of \(x.rows) rows")
    let angles = table.angles(count: 1 + Int(positions.max() ?? 0))
    // Heads that turn as a whole lie next to each other; of others each is turned by itself.
    let isWhole = head == table.dimension
    func turn(_ buffer: Tensor, direction: Float) {
        let width = buffer.width
        positions.withUnsafeBufferPointer { positions in
            let first = positions.baseAddress
            Parallel.forRanges(of: buffer.rows, grain: 64) { rows in
                for index in 0..<(isWhole ? 1 : heads) {
                    kernels.rotary(
                        buffer.pointer + rows.lowerBound * width + index * head, first! + rows.lowerBound,
                        angles.cosines.pointer, angles.sines.pointer, rows.count, width,
                        isWhole ? heads : 1, table.dimension, direction)
                }
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
