import Foundation
import Support

extension CorpusReader {
    /// Works on each record with the line it was read from: `transform` on all cores, then `body` with its results in order.
    ///
    /// - Throws: `UserError` with file and line for the first mistake, what the closures throw, and `Interrupted`
    package func forEachCandidate<Value>(
        _ transform: (CandidateRecord) throws -> Value, then body: (Value) throws -> Void
    ) throws {
        try forEachSlice(transform) { _, groups in
            for group in groups { try group.get().forEach(body) }
        }
    }

    /// Calls `body` with slices of the records and the lines they were read from, in order.
    ///
    /// - Throws: `UserError` with file and line for the first mistake, what `body` throws, and `Interrupted`
    package func forEachCandidates(
        stage: String, progress: ProgressHandler, _ body: ([CandidateRecord]) throws -> Void
    ) throws {
        try requireInputs()
        var meter = ByteMeter()
        progress(.began(stage: stage, total: ByteMeter.megabytes(of: self), unit: "MB"))
        try forEachSlice {
            $0
        } then: { slice, groups in
            try body(try groups.flatMap { try $0.get() })
            progress(.advanced(stage: stage, done: meter.advanced(by: slice), tokens: 0, loss: nil))
        }
    }

    /// Calls `body` with slices of the records and, by groups, what `transform` makes of them on all cores.
    private func forEachSlice<Value>(
        _ transform: (CandidateRecord) throws -> Value,
        then body: ([UnreadRecord], [Result<[Value], any Error>]) throws -> Void
    ) throws {
        try requireInputs()
        for input in inputs {
            try forEachSlice(of: input) { slice in
                try Interruption.check()
                try body(
                    slice,
                    Self.inParallel(slice) { group in
                        Result { try group.map { try transform(CandidateRecord($0)) } }
                    })
            }
        }
    }

    /// Refuses references that are among the corpus's files: every record would be a duplicate of itself.
    ///
    /// - Parameter references: files that each filter compares with, by its name
    /// - Throws: `UserError` that names the file
    package func refuseComparison(with references: [(name: String, files: [URL])]) throws {
        func identities(_ url: URL) throws -> [String: URL] {
            var known: [String: URL] = [:]
            for file in try CorpusFiles(at: url).files {
                known[file.resolvingSymlinksInPath().standardizedFileURL.path] = file
            }
            return known
        }
        let own = try inputs.reduce(into: [String: URL]()) {
            $0.merge(try identities($1.url)) { first, _ in first }
        }
        for (name, files) in references {
            for reference in files {
                guard let same = try identities(reference).first(where: { own[$0.key] != nil }) else {
                    continue
                }
                throw UserError(
                    "is filtered and compared with itself by \(name): no record would be left",
                    file: same.value.relativePath,
                    hint:
                        "leave it out of \"against\"; records of the corpus are compared with each other anyway",
                    status: .configuration)
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
