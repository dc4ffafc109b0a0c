import Foundation

extension Tokenizer {
    /// The engine of a SentencePiece vocabulary; nil for others.
    var sentencePiece: SentencePieceEngine? {
        if case .sentencePiece(let engine) = engine { engine } else { nil }
    }

    /// The engine of a `tokenizer.json`; nil for others.
    var bytePair: BytePairEngine? { if case .bytePair(let engine) = engine { engine } else { nil } }

    /// Whether the vocabulary is a SentencePiece model; else it is a `tokenizer.json`.
    public var isSentencePiece: Bool { sentencePiece != nil }

    /// Whether pieces are made of bytes and may end inside a character, as GPT-2's.
    public var isByteLevel: Bool { decodingRules.isByteLevel }

    /// The number of pieces; ids are `0..<vocabularySize`.
    public var vocabularySize: Int { kinds.count }

    /// How text is segmented.
    public var kind: TokenizerKind {
        switch engine {
        case .sentencePiece(let engine): engine.model.kind
        case .bytePair(let engine): engine.model.kind
        }
    }

    /// Whether characters without a piece are spelled in bytes, so that no text becomes unknown.
    public var hasByteFallback: Bool {
        switch engine {
        case .sentencePiece(let engine): engine.model.hasByteFallback
        case .bytePair(let engine): engine.spellsEveryByte
        }
    }

    /// Whether `encode` puts a space before the text.
    public var addsDummyPrefix: Bool {
        switch engine {
        case .sentencePiece(let engine): engine.model.addsDummyPrefix
        case .bytePair(let engine): engine.addsPrefixSpace
        }
    }

    /// Whether `encode` drops spaces at both ends and all but one of several.
    public var removesExtraWhitespace: Bool { sentencePiece?.model.removesExtraWhitespace ?? false }

    /// The name of the rule that rewrites texts before segmentation: "identity", "nmt_nfkc", "nfc", ….
    public var normalization: String {
        switch engine {
        case .sentencePiece(let engine): engine.model.normalization
        case .bytePair(let engine): engine.normalizer.name
        }
    }

    /// The table by which characters are rewritten before segmentation (`precompiled_charsmap`), if there is one.
    public var charactersMap: Data? {
        sentencePiece?.model.charactersMapBytes.map { range in
            let start = serializedModel.startIndex
            return serializedModel[start + range.lowerBound..<start + range.upperBound]
        }
    }

    /// The ids of user-defined symbols in the order of the vocabulary.
    public var userDefinedIDs: [Int32] { ids(of: .userDefined) }

    /// Whether every text has the same ids in both: the same pieces under the same ids, and the same reading of a text. The
    /// bytes of the files may differ, as when one was rebuilt from a GGUF file.
    public func hasSameIDs(as other: Tokenizer) -> Bool {
        if serializedModel == other.serializedModel { return true }
        switch (engine, other.engine) {
        case (.sentencePiece(let engine), .sentencePiece(let another)):
            return kind == other.kind && hasByteFallback == other.hasByteFallback
                && addsDummyPrefix == other.addsDummyPrefix
                && removesExtraWhitespace == other.removesExtraWhitespace
                && (charactersMap ?? Data()) == (other.charactersMap ?? Data())
                && engine.model.pieces.elementsEqual(another.model.pieces) {
                    $0.spelling == $1.spelling && $0.score == $1.score && $0.kind == $1.kind
                }
        case (.bytePair(let engine), .bytePair(let another)): return engine.hasSameIDs(as: another)
        default: return false
        }
    }

    /// The ids of all pieces of one kind, ascending.
    public func ids(of kind: PieceKind) -> [Int32] {
        kinds.indices.filter { kinds[$0] == kind }.map(Int32.init)
    }

    /// The spelling of a piece, as the vocabulary has it: SentencePiece writes a space as U+2581 (▁), byte-level BPE as
    /// U+0120 (Ġ). The id must be of this vocabulary.
    public func piece(_ id: Int32) -> String {
        check(id)
        return switch engine {
        case .sentencePiece(let engine): engine.model.pieces[Int(id)].spelling
        case .bytePair(let engine): engine.pieces.spelling(id)
        }
    }

    /// What a piece is for. The id must be of this vocabulary.
    public func kind(of id: Int32) -> PieceKind {
        check(id)
        return kinds[Int(id)]
    }

    /// The score of a piece. Unigram: log probability; BPE: minus the rank of its merge.
    public func score(of id: Int32) -> Float {
        check(id)
        return switch engine {
        case .sentencePiece(let engine): engine.model.pieces[Int(id)].score
        case .bytePair(let engine): engine.score(of: id)
        }
    }

    /// The bytes of UTF-8 a piece adds to a decoded text: none for control pieces, one for byte pieces. In byte-level BPE a
    /// piece may end inside a character.
    public func bytes(of id: Int32) -> [UInt8] {
        check(id)
        return Array(surfaces[id])
    }

    /// The id of the piece with exactly this spelling, if there is one.
    public func id(of piece: String) -> Int32? {
        switch engine {
        case .sentencePiece(let engine): engine.id(of: piece)
        case .bytePair(let engine): engine.pieces.id(of: piece)
        }
    }

    private func check(_ id: Int32) {
        precondition(
            id >= 0 && Int(id) < vocabularySize, "token id \(id) outside 0..<\(vocabularySize)")
    }
}
