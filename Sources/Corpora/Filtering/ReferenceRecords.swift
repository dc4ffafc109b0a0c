import Foundation

/// Reads the corpora that a filter compares with.
enum ReferenceRecords {
    /// Calls `body` with slices of the records, in order.
    ///
    /// - Throws: `UserError` for mistakes in the files, and what `body` throws
    static func forEachSlice(of urls: [URL], _ body: ([CandidateRecord]) throws -> Void) throws {
        for input in CorpusReader(urls).inputs {
            try CorpusReader(urls).forEachSlice(of: input) { slice in
                let groups = CorpusReader.inParallel(slice) { group in
                    Result { try group.map { CandidateRecord(try $0.record(), at: $0.location!) } }
                }
                try body(try groups.flatMap { try $0.get() })
            }
        }
    }
}
