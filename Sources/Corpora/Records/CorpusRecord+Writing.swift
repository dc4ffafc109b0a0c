import Foundation
import Support

extension FileWriter {
    /// Appends a record as one line of JSON.
    ///
    /// - Throws: `UserError` when the disk refuses
    public mutating func write(_ record: CorpusRecord) throws {
        try writeLine(try JSONEncoder.stable.encode(record))
    }

    /// Appends bytes and a line break.
    ///
    /// - Throws: `UserError` when the disk refuses
    package mutating func writeLine(_ line: Data) throws {
        try write(line)
        try write("\n")
    }
}
