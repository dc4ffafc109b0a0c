import Foundation
import Support

/// A matrix of frozen weights in the types of its file, usually memory-mapped, dequantized row by row when it is used.
public struct StoredWeights: Sendable {
    /// Consecutive rows of one type.
    public struct Part: Sendable {
        /// The type of the values.
        public let dtype: DType
        /// Rows of the part.
        public let rows: Int
        /// `rows` times the bytes of a row.
        public let bytes: Data

        /// Rows of one type.
        public init(dtype: DType, rows: Int, bytes: Data) {
            self.dtype = dtype
            self.rows = rows
            self.bytes = bytes
        }
    }

    /// Values of a row.
    public let width: Int
    /// The rows, in order.
    public let parts: [Part]
    /// Rows of all parts.
    public var rows: Int { parts.reduce(0) { $0 + $1.rows } }
    /// Bytes of all parts.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.bytes.count } }

    /// A matrix of parts, whose bytes must be whole rows.
    public init(width: Int, parts: [Part]) {
        for part in parts {
            precondition(
                part.dtype.byteCount(shape: [part.rows, width]) == part.bytes.count,
                "\(part.bytes.count) bytes are not \(part.rows) rows of \(width) \(part.dtype.rawValue) values"
            )
        }
        self.width = width
        self.parts = parts
    }

    /// Dequantizes some rows.
    ///
    /// - Parameter target: room for rows.count · width values
    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        var first = 0
        for part in parts {
            let range = rows.clamped(to: first..<first + part.rows)
            if !range.isEmpty {
                let bytesPerRow = part.bytes.count / part.rows
                part.bytes.withUnsafeBytes {
                    part.dtype.dequantize(
                        $0.baseAddress! + (range.lowerBound - first) * bytesPerRow,
                        count: range.count * width,
                        into: target + (range.lowerBound - rows.lowerBound) * width)
                }
            }
            first += part.rows
        }
    }

    /// Whether any value is infinite or no number.
    public var holdsNonFinite: Bool {
        let panels = (rows + rowsPerPanel - 1) / rowsPerPanel
        let found = [Bool](unsafeUninitializedCapacity: panels) { buffer, initialized in
            let found = buffer.baseAddress!
            Parallel.forRanges(of: rows, grain: rowsPerPanel) { range in
                let panel = Tensor(shape: [range.count, width])
                dequantize(rows: range, into: panel.pointer)
                found[range.lowerBound / rowsPerPanel] =
                    kernels.has_non_finite(panel.pointer, panel.count) != 0
            }
            initialized = panels
        }
        return found.contains(true)
    }

    /// Rows dequantized at once on a thread: 256 KiB, a quarter of a core's L2 cache.
    var rowsPerPanel: Int { max(1, 65_536 / max(width, 1)) }
}

extension MatrixProduct {
    /// Floats of a dequantized panel: 1 MiB, which a product with a few hundred rows reuses from cache.
    private static let panelFloats = 1 << 18

    /// c = a · weightᵀ + beta · c, for a weight of any storage. One kept as stored is dequantized a panel of rows at a time
    /// and never exists as a whole.
    public static func multiply(
        _ a: MatrixView, transposed weight: Tensor, into c: MatrixView, beta: Float = 0
    ) {
        guard let stored = weight.stored else {
            return multiply(a, weight.matrix.transposed, into: c, beta: beta)
        }
        let (rows, width) = (stored.rows, stored.width)
        // A multiple of four panels, so that two or four threads have the same work; rows in whole register tiles.
        let panels = (max(1, rows * width / panelFloats) + 3) / 4 * 4
        let step = ((rows + panels - 1) / panels + 15) / 16 * 16
        Parallel.forRanges(of: rows, grain: step) { range in
            let panel = Tensor(shape: [range.count, width])
            stored.dequantize(rows: range, into: panel.pointer)
            var out = c
            out.pointer += range.lowerBound
            out.columns = range.count
            multiplySerially(a, panel.matrix.transposed, into: out, beta: beta)
        }
    }
}
