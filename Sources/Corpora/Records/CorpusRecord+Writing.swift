import Foundation
import Support

extension FileWriter {
    /// Appends a record as one line of JSON.
    ///
    /// - Throws: `UserError` when the disk refuses
    public mutating func write(_ record: CorpusRecord) throws {
        try write(try JSONEncoder.stable.encode(record))
        try write("\n")
    }
}
