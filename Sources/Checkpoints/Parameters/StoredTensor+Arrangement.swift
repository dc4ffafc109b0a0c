import Foundation

extension StoredTensor {
    /// The bytes of a part in our order: those of the file, or a copy where the file has another.
    func bytes(of part: ParameterMap.Part, asRows: Bool) -> Data {
        if part.isTransposed { return transposedBytes() }
        guard let order = part.order, asRows else { return bytes }
        let rows = shape[0]
        let rowBytes = bytes.count / rows
        var result = Data(count: bytes.count)
        result.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) in
            bytes.withUnsafeBytes { (source: UnsafeRawBufferPointer) in
                for row in 0..<rows {
                    let place = order.ours(row, of: rows)
                    target.baseAddress!.advanced(by: place * rowBytes).copyMemory(
                        from: source.baseAddress! + row * rowBytes, byteCount: rowBytes)
                }
            }
        }
        return result
    }

    /// The elements of a matrix, whose type has no blocks, column after column.
    private func transposedBytes() -> Data {
        let (rows, columns) = (shape[0], shape[1])
        let size = bytes.count / max(1, rows * columns)
        var result = Data(count: bytes.count)
        result.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) in
            bytes.withUnsafeBytes { (source: UnsafeRawBufferPointer) in
                for row in 0..<rows {
                    for column in 0..<columns {
                        let (from, to) = ((row * columns + column) * size, (column * rows + row) * size)
                        for byte in 0..<size { target[to + byte] = source[from + byte] }
                    }
                }
            }
        }
        return result
    }
}
