import CSentencePiece
import Foundation
import Support

/// A SentencePiece vocabulary: text to token ids and back.
///
/// Ids, pieces and texts are those of the `sentencepiece` library for the same `.model` file. One tokenizer may
/// be used from any number of threads at once.
public final class Tokenizer: Sendable {
    /// The bytes of the `.model` file.
    public let serializedModel: Data
    let model: ModelFile
    let handle: ModelHandle
    /// The same vocabulary without the space before every text, for text that continues another.
    let continuingHandle: ModelHandle
    /// The bytes each piece adds to a decoded text, one after another.
    let surfaces: Surfaces
    /// User-defined symbols that text must not be able to spell: see `encodeContent`.
    let guardedIDs: Set<Int32>

    public let unknownID: Int32
    /// The id that begins a sequence (usually `<s>`), if there is one.
    public let beginID: Int32?
    /// The id that ends a sequence (usually `</s>`), if there is one.
    public let endID: Int32?
    public let paddingID: Int32?

    /// A `.model` is a few megabytes at most; a larger file is something else.
    private static let largestFile = 256 << 20

    /// Opens a `.model` file, or the `tokenizer.model` of a directory.
    ///
    /// Throws `UserError` if the file cannot be read or is not a complete, sound model.
    public convenience init(contentsOf url: URL) throws {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        let file = isDirectory.boolValue ? url.appendingPathComponent("tokenizer.model") : url
        guard exists, FileManager.default.fileExists(atPath: file.path) else {
            throw UserError(
                "no such tokenizer", file: file.path,
                remedy: "give a SentencePiece .model file or a directory that holds tokenizer.model",
                status: .noInput)
        }
        let data: Data
        do {
            let size = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            guard size <= Self.largestFile else {
                throw UserError(
                    "not a SentencePiece model: \(size) bytes", file: file.path,
                    remedy: "give a tokenizer.model of at most \(Self.largestFile) bytes")
            }
            data = try Data(contentsOf: file)
        } catch let error as UserError {
            throw error
        } catch {
            throw UserError(
                "cannot be read: \(error.localizedDescription)", file: file.path, status: .noInput)
        }
        try self.init(serializedModel: data, name: file.path)
    }

    /// Opens the bytes of a `.model` file; `name` is what errors call it.
    public init(serializedModel: Data, name: String) throws {
        self.serializedModel = serializedModel
        model = try ModelFile(serializedModel, name: name)
        handle = try ModelHandle(serializedModel, name: name)
        continuingHandle =
            model.addsDummyPrefix
            ? try ModelHandle(serializedModel + Self.withoutDummyPrefix, name: name) : handle
        surfaces = Surfaces(model)
        precondition(handle.pieceCount == model.pieces.count, "the library reads other pieces than we do")

        let pieces = model.pieces
        func control(_ spelling: String) -> Int32? {
            // Compared as bytes: Swift's == on strings ignores how accents are composed.
            pieces.firstIndex { $0.kind == .control && $0.spelling.utf8.elementsEqual(spelling.utf8) }
                .map(Int32.init)
        }
        unknownID = Int32(pieces.firstIndex { $0.kind == .unknown }!)
        beginID = control(model.beginSpelling)
        endID = control(model.endSpelling)
        paddingID = control(model.paddingSpelling)
        guardedIDs = Set(
            pieces.indices.filter { pieces[$0].kind == .userDefined && Self.isMarker(pieces[$0].spelling) }
                .map(Int32.init))
    }

    /// A field that says `normalizer_spec { add_dummy_prefix: false }`: protobuf merges what is appended to
    /// a message into it, and the last value holds.
    private static let withoutDummyPrefix = Data([0x1a, 0x02, 0x18, 0x00])

    /// Some vocabularies keep runs of spaces or single signs as user-defined symbols. Those are text; a marker
    /// is longer and visible.
    private static func isMarker(_ spelling: String) -> Bool {
        let isBlank = spelling.unicodeScalars.allSatisfy { $0.properties.isWhitespace || $0 == "\u{2581}" }
        return !isBlank && spelling.unicodeScalars.count > 1
    }
}

// MARK: - Vocabulary

extension Tokenizer {
    /// The number of pieces; ids are `0..<vocabularySize`.
    public var vocabularySize: Int { model.pieces.count }
    public var kind: TokenizerKind { model.kind }
    /// Whether characters without a piece are spelled in byte pieces, so that no text becomes unknown.
    public var hasByteFallback: Bool { model.hasByteFallback }
    /// Whether `encode` puts a space before the text.
    public var addsDummyPrefix: Bool { model.addsDummyPrefix }
    /// Whether `encode` drops spaces at both ends and all but one of several.
    public var removesExtraWhitespace: Bool { model.removesExtraWhitespace }
    /// The name of the rule that rewrites texts before segmentation: "identity", "nmt_nfkc", ….
    public var normalization: String { model.normalization }
    /// The ids of user-defined symbols in the order of the vocabulary.
    public var userDefinedIDs: [Int32] { ids(of: .userDefined) }

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
        var piece = piece
        let id = piece.withUTF8 { handle.id(of: $0) }
        return id >= 0 ? id : nil
    }

    private func entry(_ id: Int32) -> ModelFile.Piece {
        precondition(
            id >= 0 && Int(id) < vocabularySize, "token id \(id) outside 0..<\(vocabularySize)")
        return model.pieces[Int(id)]
    }
}
