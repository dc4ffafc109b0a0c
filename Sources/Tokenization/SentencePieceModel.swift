import Foundation

/// What a SentencePiece `.model` file has to say, to be written as one: for vocabularies that come from elsewhere.
public struct SentencePieceModel {
    public struct Piece {
        public var spelling: String
        /// Unigram: log probability. BPE: minus the rank of the merge.
        public var score: Float
        public var kind: PieceKind

        public init(spelling: String, score: Float, kind: PieceKind) {
            self.spelling = spelling
            self.score = score
            self.kind = kind
        }
    }

    public var kind: TokenizerKind
    public var pieces: [Piece]
    /// Whether a space is put before every text.
    public var addsDummyPrefix: Bool
    /// Whether spaces at both ends are dropped and runs of spaces become one.
    public var removesExtraWhitespace: Bool
    /// How characters are rewritten before segmentation (`precompiled_charsmap`); empty for not at all.
    public var charactersMap: Data
    /// The ids with these roles.
    public var begin, end, padding: Int?

    public init(
        kind: TokenizerKind, pieces: [Piece], addsDummyPrefix: Bool, removesExtraWhitespace: Bool = false,
        charactersMap: Data = Data(), begin: Int? = nil, end: Int? = nil, padding: Int? = nil
    ) {
        self.kind = kind
        self.pieces = pieces
        self.addsDummyPrefix = addsDummyPrefix
        self.removesExtraWhitespace = removesExtraWhitespace
        self.charactersMap = charactersMap
        self.begin = begin
        self.end = end
        self.padding = padding
    }

    /// The bytes of a `.model` file. Field numbers are those of `sentencepiece_model.proto`.
    public func serialized() -> Data {
        var model = WireWriter()
        for piece in pieces {
            var message = WireWriter()
            message.string(1, piece.spelling)
            message.float(2, piece.score)
            if piece.kind != .normal { message.varint(3, UInt64(piece.kind.number)) }
            model.message(1, message)
        }
        model.message(2, trainer)
        var normalizer = WireWriter()
        normalizer.string(1, charactersMap.isEmpty ? "identity" : "custom")
        if !charactersMap.isEmpty { normalizer.bytes(2, charactersMap) }
        normalizer.varint(3, addsDummyPrefix ? 1 : 0)
        normalizer.varint(4, removesExtraWhitespace ? 1 : 0)
        normalizer.varint(5, 1)
        model.message(3, normalizer)
        return Data(model.output)
    }

    private var trainer: WireWriter {
        var trainer = WireWriter()
        trainer.varint(3, kind == .unigram ? 1 : 2)
        trainer.varint(4, UInt64(pieces.count))
        trainer.varint(35, pieces.contains { $0.kind == .byte } ? 1 : 0)
        let unknown = pieces.firstIndex { $0.kind == .unknown }
        for (field, id) in zip([40, 41, 42, 43], [unknown, begin, end, padding]) {
            // An id of −1 says that there is none.
            trainer.varint(field, UInt64(bitPattern: Int64(id ?? -1)))
        }
        for (field, id) in zip([45, 46, 47, 48], [unknown, begin, end, padding]) {
            if let id { trainer.string(field, pieces[id].spelling) }
        }
        return trainer
    }
}
