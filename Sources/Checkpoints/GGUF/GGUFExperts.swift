import Support

/// Weights of experts in GGUF files: one tensor of three dimensions holds those of all experts of a layer,
/// `blk.0.ffn_up_exps.weight`. Files of 2023 hold them apart, `blk.0.ffn_up.3.weight`, and so does `ParameterMap`.
enum GGUFExperts {
    private static let kinds = ["ffn_gate", "ffn_up", "ffn_down"]
    private static let suffix = "_exps.weight"

    /// `expert_count` of a file; 0 where there is none.
    static func count(in file: GGUFFile, _ architecture: String) -> Int {
        if case .integer(let count)? = file.metadata[architecture + ".expert_count"] { count } else { 0 }
    }

    /// The key of a feed-forward's width.
    static func widthKey(_ family: GGUFFamily) -> String {
        family.experts?.haveOwnWidth == true ? ".expert_feed_forward_length" : ".feed_forward_length"
    }

    /// A file's tensors, those of all experts as one for each expert.
    ///
    /// - Throws: `UserError` if one of them is not of so many experts
    static func separated(_ tensors: [String: StoredTensor], experts: Int) throws -> [String: StoredTensor] {
        guard experts > 0 else { return tensors }
        var result = tensors
        for (name, tensor) in tensors where name.hasSuffix(suffix) {
            guard tensor.shape.count == 3, tensor.shape[0] == experts, tensor.bytes.count % experts == 0
            else {
                throw tensor.error("is \(tensor.shape), not of three dimensions for \(experts) experts")
            }
            result[name] = nil
            let size = tensor.bytes.count / experts
            for expert in 0..<experts {
                let start = tensor.bytes.startIndex + expert * size
                let one = "\(name.dropLast(suffix.count)).\(expert).weight"
                result[one] = StoredTensor(
                    name: one, dtype: tensor.dtype, typeName: tensor.typeName,
                    shape: Array(tensor.shape.dropFirst()), bytes: tensor.bytes[start..<start + size],
                    file: tensor.file)
            }
        }
        return result
    }

    /// A file's tensors, those of the experts of a layer as one.
    ///
    /// - Throws: `UserError` if experts of a layer are stored in different types
    static func merged(_ entries: [GGUFWriter.Entry]) throws -> [GGUFWriter.Entry] {
        var groups: [(name: String, entries: [GGUFWriter.Entry])] = []
        var places: [String: Int] = [:]
        for entry in entries {
            if let name = mergedName(entry.name), let place = places[name] {
                groups[place].entries.append(entry)
            } else {
                if let name = mergedName(entry.name) { places[name] = groups.count }
                groups.append((mergedName(entry.name) ?? entry.name, [entry]))
            }
        }
        return try groups.map { name, parts in
            let first = parts[0]
            guard mergedName(first.name) != nil else { return first }
            guard parts.allSatisfy({ $0.dtype == first.dtype }) else {
                throw UserError(
                    "cannot save: the experts of \(name) are stored in different types",
                    hint: "choose a type", status: .configuration)
            }
            return GGUFWriter.Entry(name: name, shape: [parts.count] + first.shape, dtype: first.dtype) {
                for part in parts { try part.write(&$0) }
            }
        }
    }

    /// `blk.0.ffn_up_exps.weight` for `blk.0.ffn_up.3.weight`; nil for other names.
    private static func mergedName(_ name: String) -> String? {
        let fields = name.split(separator: ".")
        guard fields.count == 5, kinds.contains(String(fields[2])), Int(fields[3]) != nil else { return nil }
        return fields[..<3].joined(separator: ".") + suffix
    }
}
