import CKernels
import COpenBLAS
import Support

/// A row-major matrix inside some buffer: `rows` rows, `stride` floats apart.
public struct MatrixView {
    /// The first element.
    public var pointer: UnsafeMutablePointer<Float>
    /// Rows as stored.
    public var rows: Int
    /// Columns as stored.
    public var columns: Int
    /// Floats from the beginning of a row to that of the next.
    public var stride: Int
    /// True when the product uses the transpose; `rows` and `columns` describe the matrix as stored.
    public var isTransposed = false

    /// A matrix in a buffer that the caller keeps alive.
    ///
    /// - Parameter stride: floats from row to row; the columns when nil
    public init(_ pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.pointer = pointer
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// The transpose of the same elements; nothing is copied.
    public var transposed: MatrixView {
        var view = self
        view.isTransposed.toggle()
        return view
    }

    var seenRows: Int { isTransposed ? columns : rows }
    var seenColumns: Int { isTransposed ? rows : columns }

    /// The part of the seen matrix that starts at a row or column of it.
    fileprivate func offset(row: Int, column: Int) -> UnsafeMutablePointer<Float> {
        isTransposed ? pointer + column * stride + row : pointer + row * stride + column
    }
}

extension Tensor {
    /// This tensor as a matrix, its last axis in rows.
    public var matrix: MatrixView { MatrixView(pointer, rows: rows, columns: width) }

    /// Rows `range` of this tensor as a matrix.
    public func matrix(rows range: Range<Int>) -> MatrixView {
        MatrixView(pointer + range.lowerBound * width, rows: range.count, columns: width)
    }
}

/// Matrix products through OpenBLAS's `sgemm`, split over our own threads.
///
/// OpenBLAS runs with one thread: its own threads would compete with the pool's. Where a product is split can change the order
/// of an element's additions and thereby its bits: OpenBLAS's kernel for Haswell and Zen rounds differently in the two halves
/// of its tiles of 12 rows. So the split depends on the product's size and on the processors of this process, not on
/// the number of threads in use: results are bit-identical for any number of threads.
public enum MatrixProduct {
    /// Panels hold whole register tiles of most kernels.
    private static let tile = 16
    /// Multiplications in a panel from which a second thread pays off.
    private static let panelWork = 4_000_000

    /// The kernels that OpenBLAS was made to choose, and the bytes that its buffers lack.
    private static let configured: (core: String?, missing: Int) = {
        let core = distill_choose_blas_core().map { String(cString: $0) }
        openblas_set_num_threads(1)
        return (core, Int(distill_reserve_blas_buffers(Int32(Parallel.capacity))))
    }()

    /// The kernels that OpenBLAS was made to choose since it did not know the processor; nil where OpenBLAS chose itself.
    public static var chosenCore: String? { configured.core }

    /// Makes OpenBLAS ready, before any work; the first product does so too, but cannot fail but by ending the process.
    ///
    /// - Throws: `UserError` (69) where the memory of its buffers cannot be had
    public static func prepare() throws {
        let missing = configured.missing
        guard missing > 0 else { return }
        let left = MemoryLimit.addressSpaceLeft.map { "; ulimit -v leaves \($0 >> 20) MiB" } ?? ""
        throw UserError(
            "OpenBLAS needs \(missing >> 20) MiB of address space for its buffers\(left)",
            hint: "raise the limit", status: .unavailable)
    }

    /// c = alpha * a * b + beta * c, on all threads when large enough.
    public static func multiply(
        _ a: MatrixView, _ b: MatrixView, into c: MatrixView, alpha: Float = 1, beta: Float = 0
    ) {
        let (m, n, k) = (c.rows, c.columns, a.seenColumns)
        let extent = max(m, n)
        let tiles = extent / tile
        let panels = min(Parallel.capacity, m * n * k / panelWork, tiles)
        guard panels > 1 else { return multiplySerially(a, b, into: c, alpha: alpha, beta: beta) }
        Parallel.forEach(count: panels) { panel in
            // Whole tiles shared out evenly; the last panel takes what is left over too.
            let end = panel == panels - 1 ? extent : tiles * (panel + 1) / panels * tile
            let range = tiles * panel / panels * tile..<end
            var (left, right, out) = (a, b, c)
            if m >= n {
                left.pointer = a.offset(row: range.lowerBound, column: 0)
                left.setSeen(rows: range.count, columns: k)
                out.pointer += range.lowerBound * c.stride
                out.rows = range.count
            } else {
                right.pointer = b.offset(row: 0, column: range.lowerBound)
                right.setSeen(rows: k, columns: range.count)
                out.pointer += range.lowerBound
                out.columns = range.count
            }
            multiplySerially(left, right, into: out, alpha: alpha, beta: beta)
        }
    }

    /// The same on the calling thread alone: for pieces of a loop that is parallel already.
    public static func multiplySerially(
        _ a: MatrixView, _ b: MatrixView, into c: MatrixView, alpha: Float = 1, beta: Float = 0
    ) {
        if configured.missing > 0 { MemoryLimit.exhausted(configured.missing, for: "OpenBLAS's buffers") }
        precondition(
            a.seenRows == c.rows && b.seenColumns == c.columns && a.seenColumns == b.seenRows
                && !c.isTransposed,
            "cannot multiply \(a.seenRows)×\(a.seenColumns) by \(b.seenRows)×\(b.seenColumns) into "
                + "\(c.rows)×\(c.columns)")
        guard c.rows > 0, c.columns > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans,
            b.isTransposed ? CblasTrans : CblasNoTrans,
            Int32(c.rows), Int32(c.columns), Int32(a.seenColumns), alpha, a.pointer, Int32(a.stride),
            b.pointer,
            Int32(b.stride), beta, c.pointer, Int32(c.stride))
    }
}

extension MatrixView {
    fileprivate mutating func setSeen(rows seenRows: Int, columns seenColumns: Int) {
        (rows, columns) = isTransposed ? (seenColumns, seenRows) : (seenRows, seenColumns)
    }
}
