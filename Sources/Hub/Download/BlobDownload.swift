import Foundation
import HTTP
import Support
import Synchronization

/// Downloads one file into `blobs/ETAG.incomplete`, verifies it and gives it its name.
///
/// What a killed process left is continued. The caller holds the blob's lock.
struct BlobDownload {
    let client: HubClient
    let failure: HubFailure
    let metadata: FileMetadata
    let blob: URL
    /// Asks for the file's metadata again: an address in a CDN is valid for a limited time.
    let renewed: () throws -> FileMetadata
    /// Called with messages for the user.
    let note: (String) -> Void
    /// Called with the number of bytes that are there, on a thread of the session.
    let progress: @Sendable (Int) -> Void

    /// A file whose checksum takes seconds: a gigabyte takes about three.
    private static let largeFile = 1 << 30
    /// Failures in a row without a new byte after which the download ends.
    private static let mostFailures = HubClient.mostRetries

    /// A server that breaks off again and again, or does not know parts of files, comes to an end too.
    private var mostRequests: Int { 100 + metadata.size >> 20 }

    private var incomplete: URL { URL(filePath: blob.path + ".incomplete") }

    /// - Throws: `UserError` that names the file and the reason.
    func run() throws {
        // A whole file from before may be damaged: then it is downloaded once more from the beginning.
        for isLast in [false, true] {
            let resumed = try transfer()
            if metadata.size > Self.largeFile { note("verifying the checksum of \(failure.file ?? "")") }
            if try BlobChecksum.matches(incomplete, etag: metadata.etag, size: metadata.size) {
                return try AtomicFile.install(incomplete, as: blob)
            }
            unlink(incomplete.path)
            if isLast || resumed == 0 {
                throw UserError(
                    "its checksum is not \(metadata.etag), which the hub names",
                    file: "\(failure.reference.repository): \(failure.file ?? "")",
                    hint: "a proxy or mirror may have changed it; try again", status: .dataFormat)
            }
        }
    }

    /// Downloads what is missing.
    /// - Returns: The number of bytes that were there before.
    private func transfer() throws -> Int {
        // In a shared cache somebody else's link could lead to any file of the user.
        let file = try OpenFile(incomplete, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        var size = Int(try file.status().st_size)
        if size > metadata.size {
            try file.truncate(to: 0)
            size = 0
        }
        let resumed = size
        var location = metadata.location
        var (failures, requests) = (0, 0)
        while size < metadata.size {
            requests += 1
            let part = Part(file, at: size, of: metadata.size, progress)
            var reason: String
            var reply: HTTPReply?
            do {
                let answer = try client.stream(
                    location, from: size, failure, head: part.begin, body: part.write)
                reply = answer
                reason = "status \(answer.status)"
                if [200, 206].contains(answer.status) {
                    reason = "the answer ended early"
                } else if answer.status == 416 {
                    try file.truncate(to: 0)
                } else if [401, 403, 404, 410].contains(answer.status), failures == 0,
                    !location.hasOrigin(of: client.settings.endpoint)
                {
                    location = try renewed().location
                } else if !HubFailure.isPassing(answer) {
                    throw failure.refused(answer)
                }
            } catch let error as HTTPFailure {
                if error == .tooLong { throw tooLong(file) }
                reason = error.reason
                guard error.isPassing || failures + 1 < Self.mostFailures && resumed < size else {
                    throw failure.unanswered(error)
                }
            }
            let reached = Int(try file.status().st_size)
            failures = reached > size ? 0 : failures + 1
            size = reached
            guard size < metadata.size else { break }
            guard failures <= Self.mostFailures, requests <= mostRequests else { throw stalled(reason) }
            if failures > 0 { try client.wait(failures - 1, after: reply, failure, reason) }
        }
        try file.synchronize()
        try file.close()
        progress(metadata.size)
        return resumed
    }

    private func tooLong(_ file: OpenFile) -> UserError {
        unlink(incomplete.path)
        return UserError(
            "has more than the \(metadata.size) bytes that the hub names",
            file: "\(failure.reference.repository): \(failure.file ?? "")",
            hint: "a proxy or mirror may have changed it; try again", status: .dataFormat)
    }

    private func stalled(_ reason: String) -> UserError {
        UserError(
            "the download does not go on: \(reason)",
            file: "\(failure.reference.repository): \(failure.file ?? "")",
            hint: "what is there is kept: the same command continues", status: .unavailable)
    }
}

/// Writes the parts of one answer behind what a file holds.
private final class Part: Sendable {
    /// Used by the session's thread alone until the answer has ended.
    nonisolated(unsafe) private let file: OpenFile
    private let start, total: Int
    private let position: Mutex<Int>
    private let progress: @Sendable (Int) -> Void

    init(_ file: OpenFile, at start: Int, of total: Int, _ progress: @escaping @Sendable (Int) -> Void) {
        (self.file, self.start, self.total, self.progress) = (file, start, total, progress)
        position = Mutex(start)
    }

    /// Whether the answer is the file or the rest that was asked for.
    @Sendable func begin(_ reply: HTTPReply) -> Bool {
        switch reply.status {
        case 200:
            // The server does not know parts: the file comes from its beginning.
            guard start > 0 else { break }
            guard (try? file.truncate(to: 0)) != nil else { return false }
            position.withLock { $0 = 0 }
        case 206: guard reply.rangeStart == start else { return false }
        default: return false
        }
        return lseek(file.descriptor, off_t(position.withLock { $0 }), SEEK_SET) >= 0
    }

    @Sendable func write(_ data: Data) throws {
        try position.withLock { position in
            guard position + data.count <= total else { throw HTTPFailure.tooLong }
            try data.withUnsafeBytes { try file.write($0) }
            position += data.count
            progress(position)
        }
    }
}
