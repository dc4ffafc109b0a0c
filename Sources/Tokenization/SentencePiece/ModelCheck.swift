import Support

/// What must hold for a model before text can be divided by it.
struct ModelCheck {
    let model: ModelFile

    /// Throws the error that `failure` makes from the first problem.
    func run(failure: (String) -> UserError) throws {
        if let problem = problemOfPieces() ?? problemOfKinds() { throw failure(problem) }
    }

    /// Scores are summed over a text in Float: with this bound the sum is finite for any text in memory.
    private static let largestScore: Float = 1e20
    /// The bound of the `sentencepiece` library.
    private static let longestPiece = 8000
    /// Bytes of all pieces together; so the nodes of a trie of them are numbered in 24 bits.
    static let mostBytes = 1 << 24

    private func problemOfPieces() -> String? {
        guard !model.pieces.isEmpty else { return "it has no pieces" }
        var byteCount = 0
        for (id, piece) in model.pieces.enumerated() {
            let length = piece.spelling.utf8.count
            byteCount += length
            if length == 0 { return "piece \(id) is empty" }
            if length >= Self.longestPiece { return "piece \(id) has \(length) bytes" }
            if piece.spelling.utf8.contains(0) { return "piece \(id) contains a NUL character" }
            guard piece.score.magnitude <= Self.largestScore else {
                return "piece \(id) has the score \(piece.score)"
            }
        }
        guard byteCount < Self.mostBytes else { return "its pieces have \(byteCount) bytes in all" }
        return nil
    }

    private func problemOfKinds() -> String? {
        let unknown = model.pieces.count { $0.kind == .unknown }
        guard unknown == 1 else { return "it has \(unknown) unknown pieces, not one" }
        guard model.hasByteFallback || model.pieces.contains(where: { $0.kind == .normal }) else {
            return "it has no pieces for text"
        }
        let spellings = model.pieces.filter { $0.kind == .byte }.map(\.spelling)
        if !model.hasByteFallback {
            return spellings.isEmpty ? nil : "it has byte pieces but no byte fallback"
        }
        if let odd = spellings.first(where: { BytePiece.value(of: $0) == nil }) {
            return "byte piece \(odd.debugDescription) is not of the form <0x0A>"
        }
        return spellings.count == 256 ? nil : "it has \(spellings.count) byte pieces, not 256"
    }
}

/// The spelling of byte pieces: `<0x0A>`.
enum BytePiece {
    private static let values: [String: UInt8] = {
        let digits = Array("0123456789ABCDEF")
        return Dictionary(
            uniqueKeysWithValues: (0...255).map { ("<0x\(digits[$0 >> 4])\(digits[$0 & 15])>", UInt8($0)) })
    }()

    static func value(of spelling: String) -> UInt8? { values[spelling] }

    static func spelling(of byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.utf8.count == 1 ? "0" : "")\(digits)>"
    }
}
