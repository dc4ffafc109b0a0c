import Support
import Tensors

/// Logits a few rows at a time, so that memory does not grow with rows × vocabulary.
public enum LogitsChunks {
    /// Logits held at once: 16 MiB, which stays in a server's last-level cache, in whole register tiles of the product.
    private static let budget = 4 << 20
    private static let tile = 16
    /// However large the vocabulary (128 MiB for 262,144 pieces): with fewer rows a product spends its time on packing the
    /// head's weights, or on dequantizing those kept as stored.
    private static let leastRows = 128

    /// Rows whose logits are held at once. Buffers have as many however few positions there are: of those that are not written
    /// no memory is used, and batches of different positions share one.
    public static func rows(of head: OutputHead) -> Int {
        max(leastRows, budget / head.rows / tile * tile)
    }

    /// Runs `body` on consecutive ranges of rows of `hidden`, with their logits; the buffer is reused, so `body` may
    /// overwrite it but not keep it.
    ///
    /// - Parameters:
    ///   - hidden: [M, C]
    ///   - head: over V pieces
    ///   - body: receives the range of rows and their logits [rows, V]
    public static func forEach(
        hidden: Tensor, head: OutputHead, _ body: (_ rows: Range<Int>, _ logits: MatrixView) throws -> Void
    ) rethrows {
        let vocabulary = head.rows
        let step = rows(of: head)
        let buffer = Tensor(shape: [step, vocabulary])
        for start in stride(from: 0, to: hidden.rows, by: step) {
            let range = start..<min(start + step, hidden.rows)
            let logits = buffer.matrix(rows: 0..<range.count)
            head.project(hidden.matrix(rows: range), into: logits)
            try body(range, logits)
        }
    }

    /// A value of each row of `hidden`, computed from its logits on all threads.
    ///
    /// - Parameters:
    ///   - hidden: [M, C]
    ///   - head: over V pieces
    ///   - body: receives the row and its V logits, which it may overwrite
    package static func map(
        hidden: Tensor, head: OutputHead, _ body: (_ row: Int, _ logits: UnsafeMutablePointer<Float>) -> Float
    ) -> [Float] {
        let result = Tensor(shape: [hidden.rows])
        forEach(hidden: hidden, head: head) { rows, logits in
            Parallel.forRanges(of: rows.count, grain: 16) { range in
                for row in range {
                    let position = rows.lowerBound + row
                    result.pointer[position] = body(position, logits.pointer + row * logits.stride)
                }
            }
        }
        return result.values
    }
}
