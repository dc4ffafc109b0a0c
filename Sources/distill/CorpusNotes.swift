import Corpora
import Foundation

/// What a command says about its corpus on standard error.
enum CorpusNotes {
    /// Names of more files than this would hide what matters.
    private static let mostNames = 5

    /// A reader of files, directories and patterns that says what it leaves out.
    ///
    /// - Throws: `UserError` when standard input cannot be read
    static func reader(_ paths: [String]) throws -> CorpusReader {
        let reader = CorpusReader(try StandardStreams.files(paths))
        sayLeftOut(reader)
        return reader
    }

    static func sayLeftOut(_ reader: CorpusReader) {
        let names = reader.leftOut.map(\.relativePath)
        guard !names.isEmpty else { return }
        let more = names.count > mostNames ? " and \(names.count - mostNames) more" : ""
        let list = names.prefix(mostNames).joined(separator: ", ") + more
        Console.tell("left out, not a corpus by its name: \(list)")
    }
}
