/// The pieces of a model in the form that segmentation needs.
struct Vocabulary: Sendable {
    /// Pieces that text can become: normal, user-defined and unused ones.
    private(set) var trie = PieceTrie()
    /// The user-defined ones among them. Text is searched for them at every character, so they have a trie of their own,
    /// which is small and soon left.
    private var symbols = PieceTrie()
    /// All other pieces by their spelling.
    private(set) var reserved: [[UInt8]: Int32] = [:]
    /// The properties of each piece that segmentation uses.
    private(set) var traits: [Traits] = []
    /// The scores of pieces.
    private(set) var scores: [Float] = []
    let unknownID: Int32
    /// For each byte, whether a piece may reach from a character that ends with it over the space that follows. Few do: a
    /// space mostly begins a piece, or follows another. Where no piece reaches over a space, a text falls into words that
    /// are divided each for itself. With unused pieces, whose parts depend on the whole text, it never does.
    private(set) var bridges = [Bool](repeating: false, count: 256)

    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        static let userDefined = Traits(rawValue: 1)
        static let unused = Traits(rawValue: 2)
        /// A user-defined symbol that outside text must not be able to spell.
        static let marker = Traits(rawValue: 4)
    }

    /// Two pieces with one spelling.
    struct Duplicate: Error { let first, second: Int32 }

    init(_ pieces: [ModelFile.Piece]) throws(Duplicate) {
        unknownID = Int32(pieces.firstIndex { $0.kind == .unknown } ?? 0)
        for (index, piece) in pieces.enumerated() {
            let id = Int32(index)
            scores.append(piece.score)
            switch piece.kind {
            case .normal: traits.append([])
            case .unused: traits.append(.unused)
            case .userDefined:
                traits.append(Self.isMarker(piece.spelling) ? [.userDefined, .marker] : .userDefined)
                _ = symbols.insert(piece.spelling.utf8, id: id)
            case .control, .unknown, .byte:
                traits.append([])
                let earlier = reserved.updateValue(id, forKey: Array(piece.spelling.utf8))
                if let earlier { throw Duplicate(first: earlier, second: id) }
                continue
            }
            noteBridges(of: piece)
            if let earlier = trie.insert(piece.spelling.utf8, id: id) {
                throw Duplicate(first: earlier, second: id)
            }
        }
        for (spelling, id) in reserved {
            let other = trie.id(of: spelling)
            if other >= 0 { throw Duplicate(first: min(id, other), second: max(id, other)) }
        }
    }

    private mutating func noteBridges(of piece: ModelFile.Piece) {
        if piece.kind == .unused { bridges = Array(repeating: true, count: 256) }
        let bytes = Array(piece.spelling.utf8)
        for index in bytes.indices.dropFirst()
        where bytes[index...].starts(with: Normalizer.space)
            && !bytes[..<index].suffix(3).elementsEqual(Normalizer.space)
        {
            bridges[Int(bytes[index - 1])] = true
        }
    }

    /// The piece with exactly this spelling, or -1. Spellings are compared as bytes: Swift's == on strings
    /// takes é and e + ´ for the same.
    func id(of spelling: String) -> Int32 {
        let id = trie.id(of: spelling.utf8)
        return id >= 0 ? id : reserved[Array(spelling.utf8)] ?? -1
    }

    /// The length of the longest user-defined symbol that some bytes begin with, or 0.
    /// - Parameter guarding: whether markers are text
    func symbolLength(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, guarding: Bool) -> Int {
        var node = PieceTrie.root
        var longest = 0
        for index in start..<bytes.count {
            node = symbols.child(of: node, bytes[index])
            if node == PieceTrie.none { break }
            let id = symbols.id(at: node)
            if id >= 0, !(guarding && traits[Int(id)].contains(.marker)) { longest = index + 1 - start }
        }
        return longest
    }

    /// Some vocabularies keep runs of spaces or single signs as user-defined symbols. Those are text; a marker
    /// is longer and visible.
    static func isMarker(_ spelling: String) -> Bool {
        let isBlank = spelling.unicodeScalars.allSatisfy { $0.properties.isWhitespace || $0 == "\u{2581}" }
        return !isBlank && spelling.unicodeScalars.count > 1
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The length of the character at `index` as its first byte tells it, at most what is left.
    @inline(__always)
    func characterLength(at index: Int) -> Int {
        let length =
            switch self[index] {
            case ..<0xc0: 1
            case ..<0xe0: 2
            case ..<0xf0: 3
            default: 4
            }
        return Swift.min(length, count - index)
    }
}
