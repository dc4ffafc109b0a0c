import Foundation
import Support

/// A SentencePiece `.model` file in the making, for vocabularies that come from another format.
package struct SentencePieceModel {
    /// A piece of the vocabulary.
    package struct Piece {
        /// The text, a space written as U+2581 (▁).
        package var spelling: String
        /// Unigram: log probability. BPE: minus the rank of the merge.
        package var score: Float
        /// What the piece is for.
        package var kind: PieceKind

        /// A piece.
        package init(spelling: String, score: Float, kind: PieceKind) {
            self.spelling = spelling
            self.score = score
            self.kind = kind
        }

        fileprivate var message: WireWriter {
            var message = WireWriter()
            message.string(1, spelling)
            message.float(2, score)
            if kind != .normal { message.varint(3, UInt64(kind.number)) }
            return message
        }
    }

    /// How text is segmented.
    package var kind: TokenizerKind
    /// The pieces, in the order of their ids.
    package var pieces: [Piece]
    /// Whether a space is put before every text.
    package var addsDummyPrefix: Bool
    /// Whether spaces at both ends are dropped and runs of spaces become one.
    package var removesExtraWhitespace: Bool
    /// How characters are rewritten before segmentation (`precompiled_charsmap`); empty for not at all.
    package var charactersMap: Data
    /// The ids with these roles.
    package var begin, end, padding: Int?

    /// A model of pieces.
    package init(
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
    package func serialized() -> Data {
        var model = WireWriter()
        for piece in pieces {
            model.message(1, piece.message)
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
            // −1 means that there is none.
            trainer.varint(field, UInt64(bitPattern: Int64(id ?? -1)))
        }
        for (field, id) in zip([45, 46, 47, 48], [unknown, begin, end, padding]) {
            if let id { trainer.string(field, pieces[id].spelling) }
        }
        return trainer
    }
}

extension SentencePieceModel {
    /// A `.model` file with pieces behind its own. The fields of a protobuf message may come in any order, so that the
    /// file's bytes stay as they are.
    package static func appending(_ pieces: [Piece], to model: Data) -> Data {
        var added = WireWriter()
        for piece in pieces { added.message(1, piece.message) }
        return model + added.output
    }

    /// The pieces' spellings, in the order of their ids, without the cost of opening the vocabulary.
    ///
    /// - Parameter name: What errors call the file.
    /// - Throws: `UserError` if the bytes are not such a file.
    package static func spellings(_ model: Data, name: String) throws -> [String] {
        do {
            let bytes = [UInt8](model)
            var reader = WireReader(bytes, in: 0..<bytes.count)
            var spellings: [String] = []
            while let field = try reader.next() {
                guard field.number == 1, case .range(let range) = field.value else { continue }
                var (piece, spelling) = (WireReader(bytes, in: range), "")
                while let field = try piece.next() {
                    guard field.number == 1, case .range(let range) = field.value else { continue }
                    spelling = String(decoding: bytes[range], as: UTF8.self)
                }
                spellings.append(spelling)
            }
            return spellings
        } catch {
            throw UserError(
                "not a usable SentencePiece model: \(error.problem) at byte \(error.offset)", file: name,
                hint: "give a complete tokenizer.model of kind unigram or bpe")
        }
    }
}
