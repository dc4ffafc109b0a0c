import Support

/// A vocabulary as tiktoken has it: pieces in bytes, in the order in which they merge.
///
/// tiktoken merges the pair whose bytes together are the piece of least rank. So every way to divide a piece into two others is
/// a merge of its rank.
struct RankedVocabulary {
    /// By rank.
    let pieces: [[UInt8]]
    let name: String

    /// Bytes in one piece: ways to divide are tried at each.
    private static let longest = 4096
    /// Bytes of all pieces together.
    private static let mostBytes = 1 << 26

    /// - Throws: `UserError` for pieces that are empty, too long or given twice.
    init(_ pieces: [[UInt8]], name: String) throws {
        (self.pieces, self.name) = (pieces, name)
        var total = 0
        for (rank, piece) in pieces.enumerated() {
            total += piece.count
            guard !piece.isEmpty, piece.count <= Self.longest, total <= Self.mostBytes else {
                throw UserError(
                    "the piece of rank \(rank) has \(piece.count) bytes", file: name,
                    hint: "pieces of 1 to \(Self.longest) bytes, \(Self.mostBytes) in all, are expected")
            }
        }
    }

    /// The vocabulary with special tokens before or behind its pieces.
    func model(
        before: [String] = [], behind: [String] = [], _ preTokenizer: NamedPreTokenizer,
        ignoresMerges: Bool? = nil,
        beginID: Int32?
    ) throws -> BytePairModel {
        let spellings = pieces.map { ByteAlphabet.spelling(of: $0) }
        let kinds =
            [PieceKind](repeating: .control, count: before.count)
            + [PieceKind](repeating: .normal, count: pieces.count)
            + [PieceKind](repeating: .control, count: behind.count)
        return BytePairModel(
            pieces: before + spellings + behind, kinds: kinds, merges: try merges(spellings),
            preTokenizer: preTokenizer,
            ignoresMerges: ignoresMerges, beginID: beginID)
    }

    private func merges(_ spellings: [String]) throws -> [String] {
        var (bytes, bounds) = ([UInt8](), [0])
        for piece in pieces {
            bytes += piece
            bounds.append(bytes.count)
        }
        let table: PieceTable
        do {
            table = try PieceTable(bytes: bytes, bounds: bounds)
        } catch {
            throw UserError(
                "ranks \(error.first) and \(error.second) have the same piece", file: name,
                hint: "every piece is expected once")
        }
        var merges: [String] = []
        for piece in pieces where piece.count > 1 {
            var found: [(left: Int32, right: Int32)] = []
            piece.withUnsafeBufferPointer { piece in
                for middle in 1..<piece.count {
                    guard let left = table.id(of: UnsafeBufferPointer(rebasing: piece[..<middle])),
                        let right = table.id(of: UnsafeBufferPointer(rebasing: piece[middle...]))
                    else { continue }
                    found.append((left, right))
                }
            }
            for (left, right) in found.sorted(by: { ($0.left, $0.right) < ($1.left, $1.right) }) {
                merges.append("\(spellings[Int(left)]) \(spellings[Int(right)])")
            }
        }
        return merges
    }
}
