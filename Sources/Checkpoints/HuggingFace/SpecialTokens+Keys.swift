import Support

extension SpecialTokens {
    /// Reads the ids from a file's keys.
    /// - Parameter defaults: What holds for absent keys.
    init(_ keys: inout KeyReader, defaults: SpecialTokens = SpecialTokens()) {
        begin = Self.ids("bos_token_id", &keys)?.first ?? defaults.begin
        ends = Self.ids("eos_token_id", &keys) ?? defaults.ends
        padding = Self.ids("pad_token_id", &keys)?.first ?? defaults.padding
    }

    /// Reads a key that holds an id, a list of ids, or nothing. Old files write -1 for nothing.
    /// - Returns: nil if the key is absent or null.
    private static func ids(_ key: String, _ keys: inout KeyReader) -> [Int32]? {
        let values: [JSONValue]
        switch keys[key] {
        case nil: return nil
        case .array(let list): values = list
        case let value?: values = [value]
        }
        var ids: [Int32] = []
        for value in values where value != .integer(-1) {
            guard case .integer(let number) = value, let id = Int32(exactly: number), id >= 0 else {
                keys.reject(key, "a token id, or a list of them, is expected")
                return []
            }
            ids.append(id)
        }
        return ids
    }

    /// The keys shared by both files. Absent ids are written as null: left out, they would take the defaults.
    var json: [String: JSONValue] {
        let ends = ends.map { JSONValue.integer(Int($0)) }
        return [
            "bos_token_id": begin.map { .integer(Int($0)) } ?? .null,
            "eos_token_id": ends.isEmpty ? .null : ends.count == 1 ? ends[0] : .array(ends),
            "pad_token_id": padding.map { .integer(Int($0)) } ?? .null,
        ]
    }
}
