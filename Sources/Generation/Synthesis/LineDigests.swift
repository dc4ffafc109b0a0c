import Foundation
import Support

/// SHA-256 digests of the lines of an unfinished file, in `FILE.sha256`: the n-th line there is the digest of the n-th line of
/// the file, and is written after it.
///
/// After a kill or a power failure the file is valid up to the first line that does not match its digest.
struct LineDigests {
    private let log: AppendLog
    private let url: URL

    /// Opens the digests of `file`, or creates them.
    init(of file: URL) throws {
        url = Self.url(of: file)
        log = try AppendLog(at: url)
    }

    private init(_ log: AppendLog, at url: URL) { (self.log, self.url) = (log, url) }

    private static func url(of file: URL) -> URL { file.appendingPathExtension("sha256") }

    /// The digests, up to the first that cannot be read.
    func read() throws -> [Fingerprint] {
        let lines = try JSONLines(contentsOf: url)
        var digests: [Fingerprint] = []
        while let line = try? lines.next(), line.number == digests.count + 1,
            let digest = try? line.decode(Fingerprint.self)
        { digests.append(digest) }
        return digests
    }

    /// Keeps the first `count` digests.
    func truncated(to count: Int) throws -> LineDigests {
        count < log.lineCount
            ? LineDigests(try AppendLog(at: url, truncatingToLines: count), at: url) : self
    }

    /// Appends the digest of a line, given without its line break.
    func append(line: Data) throws { try log.append(Fingerprint(of: line)) }

    /// Removes the digests of a file that is finished.
    static func remove(of file: URL) throws {
        let url = url(of: file)
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
    }
}
