import Checkpoints
import Foundation
import Tensors
import Support

extension SignalShard {
    /// Maps a file of a cache and checks its digest and columns.
    ///
    /// - Throws: `UserError` when the file is missing or damaged
    init(_ shard: SignalManifest.Shard, of manifest: SignalManifest, in directory: URL) throws {
        let url = directory.appendingPathComponent(shard.file)
        guard try Fingerprint(fileAt: url) == shard.fingerprint else {
            throw UserError(
                "is damaged: its content is not what was written", file: url.relativePath,
                hint: "label the corpus again")
        }
        try self.init(
            contentsOf: url, kind: manifest.origin.kind, temperature: manifest.origin.temperature,
            vocabulary: manifest.origin.vocabularySize, hidden: manifest.origin.hidden)
    }

    /// Maps a file and checks that its columns fit each other, the signal kind and the vocabulary.
    ///
    /// - Throws: `UserError` when the file is damaged: a column is missing, of another type or length, or holds a value out
    ///   of range
    init(
        contentsOf url: URL, kind: SparseKind, temperature: Float, vocabulary: Int,
        hidden layers: HiddenLayers? = nil
    ) throws {
        let file = try SafetensorsFile(contentsOf: url)
        // Pages that the checks touch would count as memory of the process for as long as it runs.
        defer { file.releasePages() }
        let check = ShardCheck(file: file)
        let keys = try MappedColumn("keys", in: file, types: [.u8])
        guard keys.count % RecordKey.size == 0 else { throw check.fault("keys does not hold whole keys") }
        let records = keys.count / RecordKey.size
        let tokens = try check.column("tokens", below: vocabulary)
        var bounds = try check.tokenBounds(records: records, tokens: tokens.count)
        let targets = try check.targets(&bounds)
        let positions = bounds[records].position
        let headIDs = try check.column("head_ids", below: vocabulary)
        let sampled: Columns.Sampled?
        let headCounts: MappedColumn?
        switch kind {
        case .topK(let k):
            headCounts = try check.topK(k: min(k, vocabulary), head: headIDs, &bounds)
            sampled = nil
        case .sampled(_, let draws):
            headCounts = try check.headCounts(headIDs, &bounds)
            sampled = try check.sampled(draws: draws, vocabulary: vocabulary, &bounds)
        }
        columns = Columns(
            keys: keys, tokens: tokens, targets: targets, headIDs: headIDs,
            headCodes: try check.codes("head_codes", count: headIDs.count),
            tailCodes: try check.codes("tail_codes", count: positions), headCounts: headCounts,
            sampled: sampled)
        hidden = try check.hidden(layers, positions: positions)
        (self.kind, self.temperature, self.vocabulary) = (kind, temperature, vocabulary)
        (self.file, self.bounds) = (file, bounds)
    }
}

/// The checks of a shard's columns.
private struct ShardCheck {
    let file: SafetensorsFile

    func fault(_ problem: String) -> UserError {
        UserError(problem, file: file.url.relativePath, hint: "label the corpus again")
    }

    /// A column whose values are all below `limit`.
    func column(_ name: String, below limit: Int) throws -> MappedColumn {
        let column = try MappedColumn(name, in: file)
        guard column.count == 0 || Int(column.largest) < limit else {
            throw fault("\(name) holds a number that is not below \(limit)")
        }
        return column
    }

    func codes(_ name: String, count: Int) throws -> MappedColumn {
        let column = try MappedColumn(name, in: file, types: [.u16])
        guard column.count == count else { throw fault("\(name) has \(column.count) values, not \(count)") }
        return column
    }

    /// The bounds of the records' tokens.
    func tokenBounds(records: Int, tokens: Int) throws -> [SignalShard.Bounds] {
        let counts = try MappedColumn("token_counts", in: file)
        var bounds = [SignalShard.Bounds()]
        bounds.reserveCapacity(records + 1)
        counts.forEach(in: 0..<counts.count) { bounds.append(.init(token: bounds.last!.token + Int($0))) }
        try require(counts, count: records, sum: bounds.last!.token, end: tokens)
        return bounds
    }

    private func require(_ column: MappedColumn, count: Int, sum: Int, end: Int) throws {
        guard column.count == count, sum == end else {
            throw fault("\(column.name) does not add up to \(end) over \(count) entries")
        }
    }

    /// The loss mask; sets the bounds of the records' positions.
    func targets(_ bounds: inout [SignalShard.Bounds]) throws -> MappedColumn {
        let column = try MappedColumn("targets", in: file, types: [.u8])
        guard column.count == (bounds.last!.token + 7) / 8 else {
            throw fault("targets does not hold a bit a token")
        }
        for record in 0..<bounds.count - 1 {
            let tokens = bounds[record].token..<bounds[record + 1].token
            let targets = SignalShard.targets(column, tokens)
            guard targets.first != tokens.lowerBound || targets.isEmpty else {
                throw fault("targets names the first token of a record")
            }
            bounds[record + 1].position = bounds[record].position + targets.count
        }
        return column
    }

    /// The number of each position's entries in `head`; sets the bounds of the records' entries.
    func headCounts(_ head: MappedColumn, _ bounds: inout [SignalShard.Bounds]) throws -> MappedColumn {
        let counts = try MappedColumn("head_counts", in: file)
        try require(counts, count: bounds.last!.position, sum: counts.sum(0..<counts.count), end: head.count)
        for record in 0..<bounds.count - 1 {
            let positions = bounds[record].position..<bounds[record + 1].position
            bounds[record + 1].head = bounds[record].head + counts.sum(positions)
        }
        return counts
    }

    /// The same for a top-k signal, which has k entries at each position where it has no counts.
    func topK(k: Int, head: MappedColumn, _ bounds: inout [SignalShard.Bounds]) throws -> MappedColumn? {
        guard !file.contains("head_counts") else {
            let counts = try headCounts(head, &bounds)
            guard counts.largest <= k else { throw fault("head_counts holds more than \(k)") }
            return counts
        }
        guard head.count == bounds.last!.position * k else {
            throw fault("head_ids does not hold \(k) entries a position")
        }
        for record in bounds.indices { bounds[record].head = bounds[record].position * k }
        return nil
    }

    /// The columns of a sampled signal's tails; sets the bounds of the records' entries in them.
    func sampled(
        draws: Int, vocabulary: Int, _ bounds: inout [SignalShard.Bounds]
    ) throws -> SignalShard.Columns.Sampled {
        let positions = bounds.last!.position
        let tailIDs = try column("tail_ids", below: vocabulary)
        let tailCounts = try MappedColumn("tail_counts", in: file)
        try require(
            tailCounts, count: positions, sum: tailCounts.sum(0..<tailCounts.count), end: tailIDs.count)
        let tailDraws = try column("tail_draws", below: draws + 1)
        guard tailDraws.count == tailIDs.count, tailDraws.smallest > 0 else {
            throw fault("tail_draws does not match tail_ids")
        }
        for record in 0..<bounds.count - 1 {
            let positions = bounds[record].position..<bounds[record + 1].position
            bounds[record + 1].tail = bounds[record].tail + tailCounts.sum(positions)
        }
        return .init(
            tailCounts: tailCounts, tailIDs: tailIDs, tailDraws: tailDraws,
            entropies: try codes("entropies", count: positions))
    }

    /// The columns of hidden states.
    func hidden(_ layers: HiddenLayers?, positions: Int) throws -> [SafetensorsFile.View] {
        guard let layers else { return [] }
        return try layers.stored.map { layer in
            let view = try file.view(SignalShard.hiddenName(layer))
            guard view.type == .bf16, view.shape == [positions, layers.width] else {
                throw fault("\(view.name) is not [\(positions), \(layers.width)] in BF16")
            }
            return view
        }
    }
}
