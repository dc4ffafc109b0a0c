import Transformer

/// One of our parameters, put together from a file's tensors.
///
/// Queries, keys and values are one projection of ours, gate and up another; most files hold them apart. The rows
/// of the parts follow each other.
struct ParameterMap: Equatable {
    /// One of the file's tensors.
    struct Part: Equatable {
        var name: String
        var shape: [Int]
        /// Rows of our parameter that it holds.
        var rows: Range<Int>
        /// How many heads' rows are stored with the two halves of a head interleaved; nil for rows in our order.
        var interleavedHeads: Int?
    }

    var name: String
    var shape: [Int]
    var parts: [Part]
    /// What is added to the file's values: 1 where a file stores norms as their distance from 1.
    var offset: Float = 0

    /// Whether it is a vector that several tensors hold, or one in another order: its elements are then its rows.
    var isDividedVector: Bool {
        shape.count == 1 && (parts.count > 1 || parts.contains { $0.interleavedHeads != nil })
    }

    /// Splits a decoder's parameters into a file's.
    ///
    /// - Parameter parts: the parts of a parameter by its name within its layer, and how many of its rows each holds
    static func maps(
        of configuration: Configuration, prefix: (_ layer: Int) -> String, offset: (_ name: String) -> Float,
        parts: (_ name: String, _ rows: Int) -> [(suffix: String, rows: Int, interleavedHeads: Int?)]
    ) -> [ParameterMap] {
        DecoderModel.parameterShapes(of: configuration).map { name, shape in
            let fields = name.split(separator: ".", maxSplits: 2)
            let layer = fields.count == 3 && fields[0] == "blocks" ? Int(fields[1]) : nil
            let local = layer == nil ? name : String(fields[2])
            var row = 0
            let parts = parts(local, shape[0]).map { suffix, rows, interleavedHeads in
                defer { row += rows }
                return Part(
                    name: (layer.map(prefix) ?? "") + suffix, shape: [rows] + shape.dropFirst(),
                    rows: row..<row + rows, interleavedHeads: interleavedHeads)
            }
            precondition(row == shape[0], "the parts of \(name) hold \(row) of its \(shape[0]) rows")
            return ParameterMap(
                name: name, shape: shape, parts: parts,
                offset: shape.count == 1 && !name.hasSuffix(".bias") ? offset(local) : 0)
        }
    }
}
