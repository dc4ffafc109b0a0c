import Corpora
import Foundation

/// What a command says about its corpus on standard error.
enum CorpusNotes {
    /// Names of more files than this would hide what matters.
    private static let mostNames = 5

    static func sayLeftOut(_ reader: CorpusReader) {
        let names = reader.leftOut.map(\.relativePath)
        guard !names.isEmpty else { return }
        let more = names.count > mostNames ? " and \(names.count - mostNames) more" : ""
        let list = names.prefix(mostNames).joined(separator: ", ") + more
        FileHandle.standardError.write(Data("left out, not a corpus by its name: \(list)\n".utf8))
    }
}
