import Foundation
import Support

/// Segmentation by a SentencePiece `.model` file: the ids of the `sentencepiece` library.
///
/// Segmentation is our own: versions of the library divide runs of equal pieces differently (0.1.97 rounds sums otherwise than
/// 0.2), and this one stays with 0.2 whatever is installed.
final class SentencePieceEngine: Sendable {
    let model: ModelFile
    let vocabulary: Vocabulary
    let normalizer: Normalizer
    let segmenter: Segmenter
    /// The bytes each piece adds to a decoded text, one after another.
    let surfaces: Surfaces

    enum Segmenter: Sendable {
        case unigram(UnigramSegmenter<Float>)
        case pair(BPESegmenter)
    }

    /// Opens the bytes of a `.model` file; `name` is what errors call it.
    ///
    /// - Throws: `UserError` if the bytes are not a complete, sound model.
    init(_ data: Data, name: String) throws {
        model = try ModelFile(data, name: name)
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
    }

    /// The id of the piece with exactly this spelling, if there is one.
    func id(of piece: String) -> Int32? {
        let id = vocabulary.id(of: piece)
        return id >= 0 ? id : nil
    }

    /// The control piece with exactly this spelling, if there is one.
    func controlID(_ spelling: String) -> Int32? {
        id(of: spelling).flatMap { model.pieces[Int($0)].kind == .control ? $0 : nil }
    }

    /// How decoding turns pieces into text.
    var decodingRules: DecodingRules {
        DecodingRules(
            leadingSpaces: model.removesExtraWhitespace ? .all : model.addsDummyPrefix ? .one : .kept,
            faults: .eachByte, isByteLevel: false)
    }
}
