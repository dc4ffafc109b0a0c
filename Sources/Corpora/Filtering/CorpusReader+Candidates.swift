import Foundation
import Support

extension CorpusReader {
    /// Works on each record with the line it was read from: `transform` on all cores, then `body` with its results in order.
    ///
    /// - Throws: `UserError` with file and line for the first mistake, what the closures throw, and `Interrupted`
    func forEachCandidate<Value>(
        _ transform: (CandidateRecord) throws -> Value, then body: (Value) throws -> Void
    ) throws {
        try requireInputs()
        for input in inputs {
            try forEachSlice(of: input) { slice in
                try Interruption.check()
                let groups = Self.inParallel(slice) { group in
                    Result { try group.map { try transform(CandidateRecord($0)) } }
                }
                for group in groups { try group.get().forEach(body) }
            }
        }
    }
}

extension CandidateRecord {
    /// A record that was read from a file.
    init(_ unread: UnreadRecord) throws {
        guard let location = unread.location else { preconditionFailure("a record without a file") }
        self.init(try unread.record(), at: location, line: unread.line?.bytes)
    }
}
