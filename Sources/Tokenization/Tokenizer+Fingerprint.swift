import Foundation
import Support

extension Tokenizer {
    /// SHA-256 of the pieces: the kind and the spelling of each id. Files of different formats may hold the same pieces, as when
    /// a vocabulary was rebuilt from a GGUF file.
    ///
    /// - Complexity: O(vocabulary).
    public var piecesFingerprint: Fingerprint {
        var content = Data()
        for id in 0..<Int32(vocabularySize) {
            let (kind, spelling) = (kind(of: id).rawValue, Array(piece(id).utf8))
            content.append(contentsOf: "\(kind) \(spelling.count) ".utf8)
            content.append(contentsOf: spelling)
        }
        return Fingerprint(of: content)
    }
}
