import Foundation
import Tokenization
import Transformer

extension Reference {
    /// The file it names; nil for what a stage makes, and where files are not looked at.
    func file(_ decoding: Decoding) -> URL? {
        guard decoding.checksFiles, case .file(let path) = target, !path.isEmpty else { return nil }
        return URL(filePath: path, relativeTo: decoding.directory)
    }

    /// What a model on disk is like.
    func modelConfiguration(_ decoding: Decoding) -> Configuration? {
        file(decoding).flatMap(decoding.files.configuration)
    }

    /// The tokenizer of what is on disk.
    func tokenizer(_ decoding: Decoding) -> Tokenizer? { file(decoding).flatMap(decoding.files.tokenizer) }
}
