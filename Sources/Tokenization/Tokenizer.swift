import Foundation
import Support

/// A SentencePiece vocabulary: text to token ids and back.
///
/// Ids, pieces and texts are those of the `sentencepiece` library for the same `.model` file. Segmentation is our
/// own: versions of the library divide runs of equal pieces differently (0.1.97 rounds sums otherwise than 0.2), and
/// this one stays with 0.2 whatever is installed. One tokenizer may be used from any number of threads at once.
public final class Tokenizer: Sendable {
    /// The bytes of the `.model` file.
    public let serializedModel: Data
    let model: ModelFile
    let vocabulary: Vocabulary
    let normalizer: Normalizer
    let segmenter: Segmenter
    /// The bytes each piece adds to a decoded text, one after another.
    let surfaces: Surfaces

    /// The id of text that no piece spells.
    public let unknownID: Int32
    /// The id that begins a sequence (usually `<s>`), if there is one.
    public let beginID: Int32?
    /// The id that ends a sequence (usually `</s>`), if there is one.
    public let endID: Int32?
    /// The id that fills batches, if there is one.
    public let paddingID: Int32?

    typealias Segment = UnigramSegmenter.Segment

    enum Segmenter: Sendable {
        case unigram(UnigramSegmenter)
        case pair(BPESegmenter)
    }

    /// A `.model` is a few megabytes at most; a larger file is something else.
    public static let largestFile = 256 << 20

    /// Opens a `.model` file, or the `tokenizer.model` of a directory.
    ///
    /// - Throws: `UserError` if the file cannot be read or is not a complete, sound model.
    public convenience init(contentsOf url: URL) throws {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        let file = isDirectory.boolValue ? url.appendingPathComponent("tokenizer.model") : url
        guard try FileManager.default.exists(at: file) else {
            throw UserError(
                "no such tokenizer", file: file.path,
                hint: "give a SentencePiece .model file or a directory that holds tokenizer.model",
                status: .noInput)
        }
        let data = try ConfigurationFile.read(URL(filePath: file.path), atMost: Self.largestFile)
        try self.init(serializedModel: data, name: file.path)
    }

    /// Opens the bytes of a `.model` file; `name` is what errors call it.
    ///
    /// - Throws: `UserError` if the bytes are not a complete, sound model.
    public init(serializedModel: Data, name: String) throws {
        self.serializedModel = serializedModel
        model = try ModelFile(serializedModel, name: name)
        do {
            vocabulary = try Vocabulary(model.pieces)
        } catch {
            let spelling = model.pieces[Int(error.first)].spelling.debugDescription
            throw model.damaged("pieces \(error.first) and \(error.second) are both spelled \(spelling)")
        }
        normalizer = Normalizer(model, vocabulary: vocabulary)
        segmenter =
            switch model.kind {
            case .unigram: .unigram(UnigramSegmenter(model, vocabulary: vocabulary))
            case .bpe: .pair(BPESegmenter(vocabulary))
            }
        surfaces = Surfaces(model)

        let (pieces, pieceIDs) = (model.pieces, vocabulary)
        func control(_ spelling: String) -> Int32? {
            let id = pieceIDs.id(of: spelling)
            return id >= 0 && pieces[Int(id)].kind == .control ? id : nil
        }
        unknownID = vocabulary.unknownID
        beginID = control(model.beginSpelling)
        endID = control(model.endSpelling)
        paddingID = control(model.paddingSpelling)
    }
}

// MARK: - Vocabulary

extension Tokenizer {
    /// The number of pieces; ids are `0..<vocabularySize`.
    public var vocabularySize: Int { model.pieces.count }
    /// How text is segmented.
    public var kind: TokenizerKind { model.kind }
    /// Whether characters without a piece are spelled in byte pieces, so that no text becomes unknown.
    public var hasByteFallback: Bool { model.hasByteFallback }
    /// Whether `encode` puts a space before the text.
    public var addsDummyPrefix: Bool { model.addsDummyPrefix }
    /// Whether `encode` drops spaces at both ends and all but one of several.
    public var removesExtraWhitespace: Bool { model.removesExtraWhitespace }
    /// The name of the rule that rewrites texts before segmentation: "identity", "nmt_nfkc", ….
    public var normalization: String { model.normalization }
    /// The table by which characters are rewritten before segmentation (`precompiled_charsmap`), if there is one.
    public var charactersMap: Data? {
        model.charactersMapBytes.map { range in
            let start = serializedModel.startIndex
            return serializedModel[start + range.lowerBound..<start + range.upperBound]
        }
    }
    /// The ids of user-defined symbols in the order of the vocabulary.
    public var userDefinedIDs: [Int32] { ids(of: .userDefined) }

    /// Whether every text has the same ids in both: the same pieces under the same ids, and the same reading of a text. The
    /// bytes of the models may differ, as when one was rebuilt from a GGUF file.
    public func hasSameIDs(as other: Tokenizer) -> Bool {
        serializedModel == other.serializedModel
            || kind == other.kind && hasByteFallback == other.hasByteFallback
                && addsDummyPrefix == other.addsDummyPrefix
                && removesExtraWhitespace == other.removesExtraWhitespace
                && (charactersMap ?? Data()) == (other.charactersMap ?? Data())
                && model.pieces.elementsEqual(other.model.pieces) {
                    $0.spelling == $1.spelling && $0.score == $1.score && $0.kind == $1.kind
                }
    }

    /// The ids of all pieces of one kind, ascending.
    public func ids(of kind: PieceKind) -> [Int32] {
        model.pieces.indices.filter { model.pieces[$0].kind == kind }.map(Int32.init)
    }

    /// The spelling of a piece; a space is written as U+2581 (▁). The id must be of this vocabulary.
    public func piece(_ id: Int32) -> String { entry(id).spelling }

    /// What a piece is for. The id must be of this vocabulary.
    public func kind(of id: Int32) -> PieceKind { entry(id).kind }

    /// The score of a piece. Unigram: log probability; BPE: minus the rank of its merge.
    public func score(of id: Int32) -> Float { entry(id).score }

    /// The bytes of UTF-8 a piece adds to a decoded text: none for control pieces, one for byte pieces.
    public func bytes(of id: Int32) -> [UInt8] {
        _ = entry(id)
        return Array(surfaces[id])
    }

    /// The id of the piece with exactly this spelling, if there is one.
    public func id(of piece: String) -> Int32? {
        let id = vocabulary.id(of: piece)
        return id >= 0 ? id : nil
    }

    private func entry(_ id: Int32) -> ModelFile.Piece {
        precondition(
            id >= 0 && Int(id) < vocabularySize, "token id \(id) outside 0..<\(vocabularySize)")
        return model.pieces[Int(id)]
    }
}
