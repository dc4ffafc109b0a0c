import Corpora
import Support
import Tensors

// n vectors in the index, C components, R rows of a block, Q vectors that are looked up at once.

/// Finds vectors of length 1 whose cosine with an earlier one reaches a threshold, by comparison with all: matrix products of Q new with
/// R known ones at a time.
///
/// - Complexity: O(n C) for each vector that is looked up; 4 · n · C bytes
public struct CosineIndex: SimilarityIndex {
    /// R: a block of a few megabytes, so that the memory of the index grows in small steps.
    private static let blockRows = 2048
    /// Q: whole register tiles of the product; with R, 2 MiB of cosines.
    private static let queryRows = 256
    /// Rounding of a cosine of equal vectors.
    private static let rounding: Float = 1e-5

    private let width: Int
    private let threshold: Float
    private var blocks: [Tensor] = []
    private var count = 0

    /// An empty index.
    ///
    /// - Parameters:
    ///   - width: C
    ///   - threshold: the least cosine that is looked for
    public init(width: Int, threshold: Float) {
        self.width = width
        self.threshold = min(threshold, 1 - Self.rounding)
    }

    /// An empty index of the same kind.
    public func emptied() -> any SimilarityIndex { Self(width: width, threshold: threshold) }

    /// Looks each vector up, in order, and adds it unless it is found.
    public mutating func add(_ vectors: [[Float]]) -> [(number: Int, cosine: Float)?] {
        stride(from: 0, to: vectors.count, by: Self.queryRows).flatMap { start in
            addAtOnce(vectors[start..<min(start + Self.queryRows, vectors.count)])
        }
    }

    private mutating func addAtOnce(_ vectors: ArraySlice<[Float]>) -> [(number: Int, cosine: Float)?] {
        let queries = Tensor(shape: [vectors.count, width], values: vectors.flatMap { $0 })
        var found = [(number: Int, cosine: Float)?](repeating: nil, count: vectors.count)
        for (number, block) in blocks.enumerated() {
            let rows = min(count - number * Self.blockRows, Self.blockRows)
            let cosines = Self.products(queries, block.matrix(rows: 0..<rows))
            for query in found.indices {
                let row = cosines.pointer(row: query)
                for candidate in 0..<rows where row[candidate] >= threshold {
                    Self.keepBest(&found[query], number * Self.blockRows + candidate, row[candidate])
                }
            }
        }
        // The new ones among themselves, each against those before it that were added.
        let cosines = Self.products(queries, queries.matrix)
        var added: [(query: Int, number: Int)] = []
        for (query, vector) in vectors.enumerated() {
            let row = cosines.pointer(row: query)
            for earlier in added where row[earlier.query] >= threshold {
                Self.keepBest(&found[query], earlier.number, row[earlier.query])
            }
            guard found[query] == nil else { continue }
            added.append((query, count))
            append(vector)
        }
        return found
    }

    /// The first of several that are most similar.
    private static func keepBest(_ best: inout (number: Int, cosine: Float)?, _ number: Int, _ cosine: Float)
    {
        if cosine > best?.cosine ?? -.infinity { best = (number, cosine) }
    }

    /// a · bᵀ, [rows of a, rows of b].
    private static func products(_ a: Tensor, _ b: MatrixView) -> Tensor {
        let result = Tensor(shape: [a.rows, b.rows])
        MatrixProduct.multiply(a.matrix, b.transposed, into: result.matrix)
        return result
    }

    private mutating func append(_ vector: [Float]) {
        let row = count % Self.blockRows
        if row == 0 { blocks.append(Tensor(shape: [Self.blockRows, width])) }
        let pointer = blocks[blocks.count - 1].pointer(row: row)
        for (index, value) in vector.enumerated() { pointer[index] = value }
        count += 1
    }
}
