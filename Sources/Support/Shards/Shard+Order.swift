extension Shard {
    /// The order of what was made shard by shard; each shard of one whole must be there once.
    ///
    /// - Parameters:
    ///   - parts: the shard of each, nil for what is none, and the file or directory that holds it; at least one
    ///   - differences: how the part of an index differs from the first one, one text for each difference
    /// - Returns: the indices of the first, second, … shard
    /// - Throws: `UserError` for a part that is no shard, is of another whole or another number of shards, or is there twice, and for shards
    ///   that are missing
    package static func order(
        _ parts: [(shard: Shard?, file: String)], differences: (Int) -> [String]
    ) throws -> [Int] {
        let shards = try parts.map { part in
            guard let shard = part.shard else {
                throw UserError(
                    "is no shard: it was made without --shard", file: part.file,
                    hint: "name what was made with --shard i/n", status: .configuration)
            }
            return shard
        }
        let (first, count) = (parts[0].file, shards[0].count)
        var indices: [Int: Int] = [:]
        for (index, shard) in shards.enumerated() {
            func refuse(_ problem: String, _ hint: String) -> UserError {
                UserError(problem, file: parts[index].file, hint: hint, status: .configuration)
            }
            let differences = index == 0 ? [] : differences(index)
            guard differences.isEmpty else {
                throw refuse(
                    "is a shard of another whole than \(first): \(differences.joined(separator: "; "))",
                    "name the shards of one whole")
            }
            guard shard.count == count else {
                throw refuse(
                    "is shard \(shard), but \(first) is shard \(shards[0])",
                    "name shards of one number of them")
            }
            if let other = indices.updateValue(index, forKey: shard.number) {
                throw refuse("is shard \(shard), as \(parts[other].file) is", "name each shard once")
            }
        }
        let missing = (1...count).filter { indices[$0] == nil }
        guard missing.isEmpty else { throw absence(of: missing, count) }
        return (1...count).map { indices[$0]! }
    }

    private static func absence(of missing: [Int], _ count: Int) -> UserError {
        let shown =
            missing.prefix(10).map { "\($0)/\(count)" }.joined(separator: ", ")
            + (missing.count > 10 ? ", …" : "")
        return UserError(
            missing.count == 1
                ? "shard \(shown) is missing" : "\(missing.count) shards are missing: \(shown)",
            hint: "name all shards; --shard \(missing[0])/\(count) makes this one", status: .noInput)
    }
}
