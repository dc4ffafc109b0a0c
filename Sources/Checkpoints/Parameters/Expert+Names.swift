import Transformer

extension Expert {
    /// A file's names of one of a layer's weights, in a table in which those of experts have `{}` in place of their number.
    ///
    /// - Parameter tables: the first that has the weight counts
    static func fileNames(of name: String, in tables: [String: [String]]...) -> [String]? {
        guard let (expert, part) = parse(name) else { return tables.lazy.compactMap { $0[name] }.first }
        let key = part.replacing("feedForward.", with: "feedForward.experts.")
        return tables.lazy.compactMap { $0[key] }.first?.map { $0.replacing("{}", with: "\(expert)") }
    }
}
