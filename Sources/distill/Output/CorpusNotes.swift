import Corpora
import Foundation

/// Notes about a corpus on standard error.
enum CorpusNotes {
    /// The most file names in a note.
    private static let mostNames = 5

    /// A reader of files, directories and patterns; skipped files are listed on standard error.
    ///
    /// - Throws: `UserError` when standard input cannot be read.
    static func reader(_ paths: [String]) throws -> CorpusReader {
        let reader = CorpusReader(try StandardStreams.files(paths))
        reportSkipped(reader)
        return reader
    }

    static func reportSkipped(_ reader: CorpusReader) {
        let names = reader.leftOut.map(\.relativePath)
        guard !names.isEmpty else { return }
        let more = names.count > mostNames ? " and \(names.count - mostNames) more" : ""
        let list = names.prefix(mostNames).joined(separator: ", ") + more
        Console.tell("skipped, not a corpus by its name: \(list)")
    }
}
