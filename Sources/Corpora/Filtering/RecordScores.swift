import Foundation
import Support

/// The values that a scorer gives the records of a filter, one pass after another in the same order.
///
/// Values are kept on disk as they are computed: a later pass, and a run that continues a killed one, read them there. They are found by their
/// place in the order and a hash of the record. From the first record that is another on, values are computed again.
///
/// - Complexity: memory does not depend on the number of records; 8 bytes and 4 a value on disk for each
// Unchecked: a filter uses it under its lock.
final class RecordScores: @unchecked Sendable {
    private let scorer: any RecordScorer
    private let workspace: FilterWorkspace
    private let url: URL
    /// Two processes must not write to the file.
    private let lock: FileLock
    private var log: FrameLog
    /// Frames of records that were measured before, those before `next` have been read.
    private var frames: [Data]
    private var next = 0
    /// What is left of the frame that is being read.
    private var pending = [StoredScore]()[...]
    private var (measured, tokens) = (0, 0)

    /// Opens what is on disk, and says how many records an earlier run has measured.
    ///
    /// - Parameter label: part of the file's name, apart from other scores of the filter
    /// - Throws: `UserError` if the directory cannot be written, or another process writes there
    init(_ scorer: any RecordScorer, _ label: String, in workspace: FilterWorkspace) throws {
        self.scorer = scorer
        self.workspace = workspace
        let name = "\(workspace.label)-\(label).scores"
        try FileManager.default.createDirectories(at: workspace.scores)
        url = workspace.scores.appending(path: name)
        lock = try FileLock(url)
        (log, frames) = try Self.open(url, scorer)
        let count = frames.reduce(0) { $0 + [StoredScore].count(in: $1, width: scorer.width) }
        if count > 0 {
            workspace.progress(
                .note("\(workspace.stage): \(workspace.label): \(count) records were measured before"))
        }
    }

    private static func open(_ url: URL, _ scorer: any RecordScorer) throws -> (FrameLog, [Data]) {
        let identity = Data(scorer.identity.hexadecimal.utf8)
        var (frames, isFirst) = ([Data](), true)
        let log = try FrameLog(at: url) { frame in
            if isFirst {
                isFirst = false
                return frame == identity
            }
            frames.append(frame)
            return [StoredScore].count(in: frame, width: scorer.width) > 0
        }
        if frames.isEmpty {
            try log.clear()
            try log.append(identity)
        }
        return (log, frames)
    }

    /// Begins with the first record again.
    ///
    /// - Throws: `UserError` if the file cannot be read
    func rewind() throws {
        (log, frames) = try Self.open(url, scorer)
        (next, pending) = (0, [])
    }

    /// The values of the next records; none for a record with nothing to measure.
    ///
    /// - Throws: as `RecordScorer.score`, and `UserError` if the disk fails
    func values(of records: [CandidateRecord]) throws -> [[Float]] {
        let keys = try CandidateRecord.inParallel(records) { record in Result { try record.scoreKey() } }
            .map { try $0.get() }
        var values: [[Float]] = []
        values.reserveCapacity(records.count)
        while values.count < records.count, let stored = read(), stored.key == keys[values.count] {
            values.append(stored.values)
            pending = pending.dropFirst()
        }
        guard values.count < records.count else { return values }
        try forgetRest()
        try scorer.score(Array(records[values.count...])) { batch, count in
            let entries = zip(keys[values.count...], batch).map { StoredScore(key: $0, values: $1) }
            try log.append([StoredScore].frame(entries, width: scorer.width))
            values += batch
            measured += batch.count
            tokens += count
            workspace.progress(
                .status(
                    stage: workspace.stage, text: "\(workspace.label): \(measured) records, \(tokens) tokens")
            )
        }
        precondition(values.count == records.count, "a scorer measures every record")
        return values
    }

    private func read() -> StoredScore? {
        if pending.isEmpty, next < frames.count {
            pending = [StoredScore](frames[next], width: scorer.width)[...]
            next += 1
        }
        return pending.first
    }

    /// Drops what was stored of records that are others now.
    private func forgetRest() throws {
        guard !pending.isEmpty || next < frames.count else { return }
        // Of a frame that was read in part, the rest is measured again.
        let sound = pending.isEmpty ? next : next - 1
        let read =
            pending.isEmpty ? [] : [StoredScore](frames[sound], width: scorer.width).dropLast(pending.count)
        var kept = -1
        // The first frame is the identity.
        log = try FrameLog(at: url) { _ in
            kept += 1
            return kept <= sound
        }
        if !read.isEmpty { try log.append([StoredScore].frame(Array(read), width: scorer.width)) }
        (pending, frames, next) = ([], [], 0)
    }
}
