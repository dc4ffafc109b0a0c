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
    /// - Parameters:
    ///   - prefix: of the names of a layer's tensors
    ///   - normOffset: what is added to the file's norms
    ///   - interleavesHeads: whether the halves of each query and key head are stored interleaved
    ///   - names: the file's names of one of our parameters, by its name within its layer: one, or three of queries, keys and
    ///     values, or two of gate and up
    static func maps(
        of configuration: Configuration, prefix: (_ layer: Int) -> String, normOffset: Float = 0,
        interleavesHeads: Bool = false, names: (_ name: String) -> [String]
    ) -> [ParameterMap] {
        DecoderModel.parameterShapes(of: configuration).map { name, shape in
            let fields = name.split(separator: ".", maxSplits: 2)
            let layer = fields.count == 3 && fields[0] == "blocks" ? Int(fields[1]) : nil
            let local = layer == nil ? name : String(fields[2])
            let names = names(local)
            var row = 0
            let parts = zip(names, rows(of: names.count, shape[0], configuration)).map { name, rows in
                defer { row += rows.count }
                return Part(
                    name: (layer.map(prefix) ?? "") + name, shape: [rows.count] + shape.dropFirst(),
                    rows: row..<row + rows.count, interleavedHeads: interleavesHeads ? rows.heads : nil)
            }
            precondition(row == shape[0], "the parts of \(name) hold \(row) of its \(shape[0]) rows")
            return ParameterMap(
                name: name, shape: shape, parts: parts,
                offset: shape.count == 1 && !name.hasSuffix(".bias") ? normOffset : 0)
        }
    }

    /// The rows that each part of a parameter holds, and how many rotated heads they are.
    private static func rows(
        of parts: Int, _ total: Int, _ configuration: Configuration
    ) -> [(count: Int, heads: Int?)] {
        let (heads, groups) = (configuration.heads, configuration.keyValueHeads)
        let dimension = configuration.headDimension
        switch parts {
        case 1: return [(total, nil)]
        case 2: return [(total / 2, nil), (total / 2, nil)]
        case 3: return [(heads * dimension, heads), (groups * dimension, groups), (groups * dimension, nil)]
        default: preconditionFailure("no parameter has \(parts) parts")
        }
    }
}
