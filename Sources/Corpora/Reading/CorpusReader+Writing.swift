import Foundation
import Support

extension CorpusReader {
    /// Writes some of the records as JSONL; a line of JSON stays as it was read, with keys that a record does not have, such as `meta`.
    ///
    /// - Parameters:
    ///   - indices: of the records, from 0, ascending
    ///   - url: the new file
    /// - Throws: `UserError` with file and line for mistakes in the corpus, and when the disk fails; `Interrupted`
    package func write(recordsAt indices: [Int], to url: URL) throws {
        try AtomicFile.write(to: url) { writer in
            var (index, rest) = (0, indices[...])
            try forEachCandidate {
                $0
            } then: { record in
                defer { index += 1 }
                guard index == rest.first else { return }
                rest = rest.dropFirst()
                try writer.writeLine(record.lineBytes())
            }
        }
    }
}
