import Support

/// The conditions under which the library can be trusted with a model.
///
/// Each limit comes from the library's code (version 0.1.97): beyond it the library stops the process or reads
/// memory that is not its own.
struct ModelCheck {
    let model: ModelFile
    let bytes: [UInt8]

    /// Checks everything; `failure` makes the error from the first problem.
    func run(failure: (String) -> UserError) throws {
        let problem =
            problemOfPieces() ?? problemOfKinds() ?? problemOfSymbols() ?? problemOfNormalization()
        if let problem { throw failure(problem) }
    }

    /// Scores are summed over a text in Float: with this bound the sum stays finite for any text in memory.
    private static let largestScore: Float = 1e20
    /// The library refuses longer pieces in later versions.
    private static let longestPiece = 8000
    /// Room for symbols that begin at one place, in the library's matcher.
    private static let mostNestedSymbols = 64

    private func problemOfPieces() -> String? {
        guard !model.pieces.isEmpty else { return "it has no pieces" }
        // Ids are 32-bit.
        guard model.pieces.count < Int32.max else { return "it has \(model.pieces.count) pieces" }
        // Spellings are compared byte by byte: Swift's == on strings takes é and e + ´ for the same.
        var normal: [[UInt8]: Int] = [:]
        var reserved: [[UInt8]: Int] = [:]
        for (id, piece) in model.pieces.enumerated() {
            let spelling = Array(piece.spelling.utf8)
            if spelling.isEmpty { return "piece \(id) is empty" }
            if spelling.contains(0) { return "piece \(id) contains a NUL character" }
            if spelling.count >= Self.longestPiece { return "piece \(id) has \(spelling.count) bytes" }
            guard piece.score.magnitude <= Self.largestScore else {
                return "piece \(id) has the score \(piece.score)"
            }
            let isText = [.normal, .userDefined, .unused].contains(piece.kind)
            let earlier =
                isText
                ? normal.updateValue(id, forKey: spelling) : reserved.updateValue(id, forKey: spelling)
            if let earlier {
                return "pieces \(earlier) and \(id) are both spelled \(piece.spelling.debugDescription)"
            }
            // BPE would make such a piece from the character in a text.
            if piece.kind == .control || piece.kind == .unknown, piece.spelling.unicodeScalars.count == 1 {
                return "\(piece.kind) piece \(id) is a single character, \(piece.spelling.debugDescription)"
            }
        }
        return normal.isEmpty ? "it has no pieces for text" : nil
    }

    private func problemOfKinds() -> String? {
        let unknown = model.pieces.indices.filter { model.pieces[$0].kind == .unknown }
        guard unknown.count == 1 else { return "it has \(unknown.count) unknown pieces, not one" }
        let spellings = model.pieces.filter { $0.kind == .byte }.map(\.spelling)
        if !model.hasByteFallback {
            return spellings.isEmpty ? nil : "it has byte pieces but no byte fallback"
        }
        if let odd = spellings.first(where: { BytePiece.value(of: $0) == nil }) {
            return "byte piece \(odd.debugDescription) is not of the form <0x0A>"
        }
        return spellings.count == 256 ? nil : "it has \(spellings.count) byte pieces, not 256"
    }

    private func problemOfSymbols() -> String? {
        let symbols = model.pieces.filter { $0.kind == .userDefined }.map { Array($0.spelling.utf8) }
        // Sorted, a symbol follows directly on the chain of its prefixes.
        var chain: [[UInt8]] = []
        for symbol in symbols.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let last = chain.last, !symbol.starts(with: last) { chain.removeLast() }
            chain.append(symbol)
            if chain.count > Self.mostNestedSymbols {
                return "more than \(Self.mostNestedSymbols) user-defined symbols begin with one another"
            }
        }
        return nil
    }

    private func problemOfNormalization() -> String? {
        if model.hasDenormalizer { return "it rewrites decoded text (denormalizer), which is not supported" }
        guard let range = model.charactersMap, !range.isEmpty else { return nil }
        return CharactersMap(bytes[range]).problem
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
}
