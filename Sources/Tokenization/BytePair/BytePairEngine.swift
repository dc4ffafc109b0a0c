import Support

/// Segmentation by a `tokenizer.json`: the ids of the `tokenizers` library.
///
/// Text passes through added tokens, the normalizer, the pre-tokenizer and, word by word, byte-pair encoding (Sennrich et al.
/// 2016, arXiv:1508.07909) or the most probable segmentation of a unigram model (Kudo 2018, arXiv:1804.10959).
final class BytePairEngine: Sendable {
    let pieces: PieceTable
    let kinds: [PieceKind]
    /// The bytes each piece adds to a decoded text.
    let surfaces: Surfaces
    let unknownID: Int32?
    let normalizer: TextNormalizer
    let preTokenizer: PreTokenizer
    let added: AddedTokens
    /// Without merges in a unigram model.
    let merges: MergeTable
    /// Of a unigram model; nil for byte-pair encoding.
    let unigram: UnigramSegmenter<Double>?
    private let logProbabilities: [Double]?
    let decodingRules: DecodingRules
    let model: TokenizerJSON.Model
    let byteLevel: TokenizerJSON.ByteLevelUse
    private let scores: [Float]

    /// The piece of each byte, -1 for none: its character in byte-level vocabularies, `<0x0A>` in those with byte fallback.
    let byteIDs: [Int32]
    /// Whether every byte has a piece, so that no text is unknown.
    let spellsEveryByte: Bool
    /// In vocabularies that are not byte-level: a space is written as U+2581. For each byte, whether a piece may reach from a
    /// character that ends with it over the U+2581 that follows. nil if words cannot be divided there.
    let bridges: [Bool]?
    /// Whether a long text can be divided into parts at some of its spaces.
    private let isDividable: Bool
    /// The pieces of words.
    let words = WordCache<Int32>(slots: 1 << 16)

    init(_ file: TokenizerJSON, name: String) throws {
        (pieces, kinds, merges, scores) = (file.pieces, file.kinds, file.merges, file.scores)
        (normalizer, preTokenizer, model, byteLevel) = (
            file.normalizer, file.preTokenizer, file.model, file.byteLevel
        )
        logProbabilities = file.logProbabilities
        do {
            added = try AddedTokens(file.addedTokens, file.normalizer)
            unigram = try Self.unigram(file)
        } catch {
            throw UserError(
                "its pieces or its added tokens have more than \(PieceTrie.mostNodes) bytes in all",
                file: name,
                hint: "fewer or shorter ones are supported")
        }
        unknownID = file.model.unknown
        decodingRules = file.decoder.rules
        surfaces = Self.surfaces(file)
        byteIDs = Self.byteIDs(file)
        spellsEveryByte = !byteIDs.contains(-1)
        bridges = Self.bridges(file)
        isDividable =
            normalizer.isLocal && !added.reachesOverSpaces
            && Self.dividesAtSpaces(file, hasBridges: bridges != nil)
    }

    func score(of id: Int32) -> Float { scores[Int(id)] }

    /// Whether encoding puts a space before a text.
    var addsPrefixSpace: Bool {
        normalizer.addsPrefix
            || preTokenizer.stages.contains { stage in
                switch stage {
                case .prefixSpace: true
                case .metaspace(_, let scheme): scheme != .never
                default: false
                }
            }
    }

    /// Whether every text has the same ids in both.
    func hasSameIDs(as other: BytePairEngine) -> Bool {
        pieces.bounds == other.pieces.bounds && pieces.bytes == other.pieces.bytes && kinds == other.kinds
            && model == other.model && byteLevel == other.byteLevel && normalizer == other.normalizer
            && preTokenizer == other.preTokenizer && added.tokens == other.added.tokens
            && logProbabilities == other.logProbabilities
            && merges.sorted.elementsEqual(other.merges.sorted) {
                ($0.left, $0.right, $0.merge.piece) == ($1.left, $1.right, $1.merge.piece)
            }
    }

    /// Whether the ids of a text are those of its parts, divided before this space.
    func canDivide(_ text: UnsafeBufferPointer<UInt8>, before space: Int) -> Bool {
        guard isDividable, space > 0, space + 1 < text.count else { return false }
        let last = text[space - 1]
        return Self.isWord(last) && Self.isWord(text[space + 1]) && !(bridges?[Int(last)] ?? false)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    /// Whether a space between ASCII letters or digits begins a word, or one that `bridges` tells.
    private static func dividesAtSpaces(_ file: TokenizerJSON, hasBridges: Bool) -> Bool {
        if file.preTokenizer.dividesBeforeSpaces { return true }
        // Spaces become U+2581, where words are divided whatever the stages do; those of a unigram model only by a stage.
        let isDivided = file.preTokenizer.stages.contains { stage in
            switch stage {
            case .literal(let index, .mergedWithNext, false):
                file.preTokenizer.literals[index] == Normalizer.space
            case .expression(let index, _, _): file.preTokenizer.sources[index] == "WhitespaceSplit"
            default: false
            }
        }
        return (hasBridges || file.model.kind == .unigram && isDivided)
            && file.preTokenizer.stages.allSatisfy { stage in
                switch stage {
                case .metaspace: true
                case .expression(let index, _, _): file.preTokenizer.sources[index] == "WhitespaceSplit"
                case .literal(let index, .mergedWithNext, false):
                    file.preTokenizer.literals[index] == Normalizer.space
                case .literal(let index, _, _): file.preTokenizer.literals[index] == [0x20]
                default: false
                }
            }
            && (file.normalizer.steps.contains(.replace([0x20], Normalizer.space))
                || file.preTokenizer.stages.contains { if case .metaspace = $0 { true } else { false } })
    }

    // MARK: - Tables

    /// The segmenter of a unigram model. Text never becomes a special token: those are not among its pieces.
    private static func unigram(_ file: TokenizerJSON) throws(PieceTrie.Full) -> UnigramSegmenter<Double>? {
        guard let scores = file.logProbabilities, let unknown = file.model.unknown else { return nil }
        var trie = PieceTrie()
        for id in scores.indices where [.normal, .byte, .userDefined].contains(file.kinds[id]) {
            _ = try trie.insertChecked(file.pieces[Int32(id)], id: Int32(id))
        }
        return UnigramSegmenter(
            trie: trie, scores: scores, unknownID: unknown, least: scores.min() ?? 0)
    }

    private static func surfaces(_ file: TokenizerJSON) -> Surfaces {
        var (bytes, bounds) = ([UInt8](), [0])
        let special = Set(file.addedTokens.filter(\.isSpecial).map(\.id))
        for (id, kind) in file.kinds.enumerated() {
            let id = Int32(id)
            switch kind {
            case .control, .unused: break
            // As `tokenizers` leaves out special tokens.
            case .unknown where special.contains(id): break
            case .byte: if let byte = BytePiece.value(of: file.pieces.spelling(id)) { bytes.append(byte) }
            case .normal, .userDefined, .unknown: file.decoder.append(file.pieces[id], to: &bytes)
            }
            bounds.append(bytes.count)
        }
        return Surfaces(bytes: bytes, bounds: bounds)
    }

    private static func byteIDs(_ file: TokenizerJSON) -> [Int32] {
        (0...255).map { byte in
            if file.byteLevel != .none { return file.pieces.id(of: String(ByteAlphabet.scalars[byte])) ?? -1 }
            guard file.model.hasByteFallback else { return -1 }
            return file.pieces.id(of: BytePiece.spelling(of: UInt8(byte))) ?? -1
        }
    }

    private static func bridges(_ file: TokenizerJSON) -> [Bool]? {
        let space = Normalizer.space
        guard file.model.kind == .bpe, file.byteLevel == .none, !file.model.ignoresMerges,
            space.withUnsafeBufferPointer({ file.pieces.id(of: $0) }) != nil
        else { return nil }
        var (bridges, mergesBytes) = ([Bool](repeating: false, count: 256), false)
        file.pieces.bytes.withUnsafeBufferPointer { bytes in
            file.merges.forEach { left, right, piece in
                // Merges of byte pieces could make a U+2581 of other things than a character.
                if file.kinds[Int(left)] == .byte || file.kinds[Int(right)] == .byte { mergesBytes = true }
                let (start, end) = (file.pieces.bounds[Int(piece)], file.pieces.bounds[Int(piece) + 1])
                for index in start..<max(start, end - 2) where bytes[index] == space[0] && index > start {
                    let isSpace = bytes[index + 1] == space[1] && bytes[index + 2] == space[2]
                    let followsSpace =
                        index >= start + 3 && bytes[index - 3] == space[0] && bytes[index - 2] == space[1]
                        && bytes[index - 1] == space[2]
                    if isSpace, !followsSpace { bridges[Int(bytes[index - 1])] = true }
                }
            }
        }
        if mergesBytes { return nil }
        return bridges
    }
}
