import Foundation

// R rows and C columns of a matrix; a vector has one axis, its columns.

extension Tensor {
    /// A tensor of its own with some rows and columns of this one, in the given order; nil keeps an axis as it is.
    ///
    /// Weights kept as stored stay so while whole rows are chosen, byte for byte.
    ///
    /// - Parameters:
    ///   - rows: rows of a matrix [R, C]; a vector has none to choose
    ///   - columns: places along the last axis
    public func selecting(rows: [Int]? = nil, columns: [Int]? = nil) -> Tensor {
        precondition(shape.count == 2 || rows == nil, "a tensor \(shape) has no rows to choose")
        if let stored, columns == nil { return rows.map { Tensor(stored.selecting(rows: $0)) } ?? self }
        let height = shape.count == 1 ? 1 : shape[0]
        let chosen = rows ?? Array(0..<height)
        let width = columns?.count ?? self.width
        let result = Tensor(shape: shape.count == 1 ? [width] : [chosen.count, width])
        result.withUnsafeMutableFloats { target in
            for (place, row) in chosen.enumerated() {
                withUnsafeRows(row..<row + 1) { source in
                    let target = target.baseAddress! + place * width
                    guard let columns else { return target.update(from: source.baseAddress!, count: width) }
                    for (place, column) in columns.enumerated() { target[place] = source[column] }
                }
            }
        }
        return result
    }
}

extension StoredWeights {
    /// Some rows as they are stored, in the given order; a row may occur more than once.
    public func selecting(rows: [Int]) -> StoredWeights {
        var parts: [Part] = []
        var (dtype, count, bytes) = (DType?.none, 0, Data())
        func finish() {
            if let dtype { parts.append(Part(dtype: dtype, rows: count, bytes: bytes)) }
            (count, bytes) = (0, Data())
        }
        for row in rows {
            let (part, place) = self.part(holding: row)
            if part.dtype != dtype {
                finish()
                dtype = part.dtype
            }
            let size = part.bytes.count / part.rows
            let start = part.bytes.startIndex + place * size
            bytes += part.bytes[start..<start + size]
            count += 1
        }
        finish()
        return StoredWeights(width: width, parts: parts)
    }

    /// The type of some consecutive rows; nil where they have several.
    public func dtype(of rows: Range<Int>) -> DType? {
        let (first, place) = part(holding: rows.lowerBound)
        return place + rows.count <= first.rows ? first.dtype : nil
    }

    /// The part that holds a row, and the row's index in it.
    private func part(holding row: Int) -> (part: Part, place: Int) {
        var place = row
        for part in parts {
            if place < part.rows { return (part, place) }
            place -= part.rows
        }
        preconditionFailure("row \(row) of \(rows)")
    }
}

extension Tensor {
    /// A matrix of its own with rows and columns exchanged: [C, R].
    public func transposed() -> Tensor {
        precondition(shape.count == 2, "a tensor \(shape) is no matrix")
        let (rows, columns) = (shape[0], shape[1])
        let result = Tensor(shape: [columns, rows])
        withUnsafeFloats { source in
            result.withUnsafeMutableFloats { target in
                for row in 0..<rows {
                    for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
                }
            }
        }
        return result
    }
}
