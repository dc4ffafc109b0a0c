import Foundation
import Support
import Tensors
import Transformer

/// Puts a decoder together from the tensors of a checkpoint.
struct ModelLoader {
    let maps: [ParameterMap]
    /// By the file's names; each that the maps name, of the shape they give.
    let tensors: [String: StoredTensor]

    /// Matches a file's tensors with those that a model needs, by name, shape and type, before any is read.
    ///
    /// - Parameters:
    ///   - isRedundant: whether an additional tensor is ignored
    ///   - file: what messages name
    ///   - description: where the shape comes from, for messages
    /// - Throws: `UserError` that lists all that are missing, left over or of another shape.
    init(
        maps: [ParameterMap], available: [String: StoredTensor], isRedundant: (String) -> Bool, file: String,
        description: String
    ) throws {
        self.maps = maps
        var (tensors, missing, misshapen) = ([String: StoredTensor](), [String](), [String]())
        for (map, part) in maps.flatMap({ map in map.parts.map { (map, $0) } }) {
            guard let tensor = available[part.name] else {
                missing.append(part.name)
                continue
            }
            if tensor.shape != part.shape {
                misshapen.append("\(part.name) is \(tensor.shape), not \(part.shape)")
            } else if map.isDividedVector || part.isTransposed, (tensor.dtype?.valuesPerBlock ?? 1) > 1 {
                misshapen.append("\(part.name) has dtype \(tensor.typeName), not F32, BF16, F16 or F64")
            } else if tensor.dtype == nil {
                misshapen.append("\(part.name) has dtype \(tensor.typeName), not F32, BF16, F16 or F64")
            }
            tensors[part.name] = tensor
        }
        let extra = available.keys.filter { tensors[$0] == nil && !isRedundant($0) }
        let problems = [
            Self.list(missing, "missing:"), Self.list(extra.sorted(), "not part of the model:"),
            Self.list(misshapen, ""),
        ].filter { !$0.isEmpty }
        guard problems.isEmpty else {
            throw UserError(
                "the tensors do not fit \(description): " + problems.joined(separator: "; "), file: file)
        }
        self.tensors = tensors
    }

    /// Thousands of names would bury the message, and a few show what is wrong.
    private static func list(_ names: [String], _ title: String) -> String {
        let longest = 4
        guard !names.isEmpty else { return "" }
        let more = names.count > longest ? " and \(names.count - longest) more" : ""
        let text = names.prefix(longest).joined(separator: ", ") + more
        return title.isEmpty ? text : "\(title) \(text)"
    }

    /// - Throws: `UserError` naming a tensor that holds infinite values or NaN.
    func decoder(_ shape: Configuration, weights: WeightStorage) throws -> DecoderModel {
        let keepsStored = weights.keepsStored(shape)
        var parameters: [String: Tensor] = [:]
        for map in maps {
            let asRows = map.shape.count == 2 || map.isDividedVector
            let width = map.isDividedVector ? 1 : map.shape.last!
            let stored = StoredWeights(width: width, parts: map.parts.map { part($0, asRows: asRows) })
            if stored.holdsNonFinite {
                let culprit = map.parts.first {
                    StoredWeights(width: width, parts: [part($0, asRows: asRows)]).holdsNonFinite
                }
                throw tensors[culprit!.name]!.error(
                    "holds infinite values or NaN", hint: "the model is damaged or its training diverged")
            }
            let isNarrow = stored.parts.contains { $0.dtype != .f32 && $0.dtype != .f64 }
            if keepsStored, isNarrow, map.shape.count == 2 {
                parameters[map.name] = Tensor(stored)
                continue
            }
            let tensor = Tensor(stored).dequantized().reshaped(map.shape)
            if map.offset != 0 {
                tensor.withUnsafeMutableFloats { floats in
                    for index in floats.indices { floats[index] += map.offset }
                }
            }
            parameters[map.name] = tensor
        }
        return try DecoderModel(configuration: shape, parameters: parameters)
    }

    /// A tensor's rows in our order.
    /// - Parameter asRows: false for a vector that is one row
    private func part(_ part: ParameterMap.Part, asRows: Bool) -> StoredWeights.Part {
        let tensor = tensors[part.name]!
        return StoredWeights.Part(
            dtype: tensor.dtype!, rows: asRows ? part.rows.count : 1,
            bytes: tensor.bytes(of: part, asRows: asRows))
    }
}
