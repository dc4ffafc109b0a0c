import Tensors
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
        /// The file's order of these rows; nil for ours.
        var order: RowOrder?
        /// Whether a matrix is stored as [input, output].
        var isTransposed = false

        /// Which of our rows, counted from the part's first, a row of the file is.
        func sourceRow(_ row: Int) -> Int { order?.ours(row, of: rows.count) ?? row }
    }

    var name: String
    var shape: [Int]
    var parts: [Part]
    /// What is added to the file's values: 1 where a file stores norms as their distance from 1.
    var offset: Float = 0

    /// Whether it is a vector that several tensors hold, or one in another order: its elements are then its rows.
    var isDividedVector: Bool {
        shape.count == 1 && (parts.count > 1 || parts.contains { $0.order != nil })
    }

    /// How a file lays parameters out.
    struct Layout {
        /// Of the names of a layer's tensors.
        var prefix: (_ layer: Int) -> String
        /// What is added to the file's norms.
        var normOffset: Float = 0
        /// Whether the halves of each query and key head are stored interleaved.
        var interleavesHeads = false
        /// Whether a tensor of queries, keys and values holds those of a head together.
        var groupsByHead = false
        /// Our parameters, by their names within a layer, that are stored as [input, output].
        var transposed: Set<String> = []
    }

    /// Splits a decoder's parameters into a file's.
    ///
    /// - Parameter names: the file's names of one of our parameters, by its name within its layer: one, or three of queries, keys and
    ///   values, or two of gate and up
    static func maps(
        of configuration: Configuration, _ layout: Layout, names: (_ name: String) -> [String]
    ) -> [ParameterMap] {
        DecoderModel.parameterShapes(of: configuration).map { name, shape in
            let fields = name.split(separator: ".", maxSplits: 2)
            let layer = fields.count == 3 && fields[0] == "blocks" ? Int(fields[1]) : nil
            let local = layer == nil ? name : String(fields[2])
            let names = names(local)
            let prefix = layer.map(layout.prefix) ?? ""
            let isTransposed = layout.transposed.contains(local)
            var row = 0
            let parts = zip(names, rows(of: names.count, shape[0], configuration)).map { name, rows in
                defer { row += rows.count }
                var part = Part(
                    name: prefix + name, shape: [rows.count] + shape.dropFirst(), rows: row..<row + rows.count
                )
                if layout.interleavesHeads { part.order = rows.heads.map { .interleavedHalves(heads: $0) } }
                if layout.groupsByHead, local.hasPrefix("attention.queryKeyValue.") {
                    part.order = .headByHead(heads: configuration.heads)
                }
                if isTransposed {
                    part.shape.reverse()
                    part.isTransposed = true
                }
                return part
            }
            precondition(row == shape[0], "the parts of \(name) hold \(row) of its \(shape[0]) rows")
            return ParameterMap(
                name: name, shape: shape, parts: parts,
                offset: shape.count == 1 && !name.hasSuffix(".bias") ? layout.normOffset : 0)
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

extension ParameterMap.Part {
    /// The part's rows of one of our parameters as the file has them: in its order, and transposed where it stores them so.
    func arranged(_ parameter: Tensor) -> Tensor {
        let places = rows.indices.map { rows.lowerBound + sourceRow($0 - rows.lowerBound) }
        let ordered =
            parameter.shape.count == 1
            ? parameter.selecting(columns: places) : parameter.selecting(rows: places)
        return isTransposed ? ordered.transposed() : ordered
    }
}
