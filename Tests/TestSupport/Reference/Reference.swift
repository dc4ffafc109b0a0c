/// Every fast operation once more, in Double, as its formula reads. Slow and plain on purpose: tests hold the
/// fast versions against these.
///
/// Matrices are flat arrays, row by row.
public enum Reference {}

extension Array where Element == Double {
    /// Row `row` of a matrix of `width` columns.
    func row(_ row: Int, width: Int) -> [Double] { Array(self[row * width..<(row + 1) * width]) }
}
