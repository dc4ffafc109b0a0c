import Foundation
import Synchronization

/// Names of unfinished files and directories: `.NAME.tmp-PID-RANDOM`, in the directory of the final `NAME`.
///
/// A killed process leaves them behind; the next process that writes into the directory removes them.
package enum TemporaryNames {
    /// The ones this process is filling now, by name: a leftover of an earlier process may carry our own number.
    private static let active = Mutex<[String: URL]>([:])
    /// Directories that this process has looked through for leftovers.
    private static let cleared = Mutex<Set<String>>([])
    /// `NAME` is truncated to this length, so that the temporary name fits the 255 bytes a file system allows.
    private static let longestStem = 180

    /// A name beside `url` for what is not finished. Removed when a signal ends the process, and by a later process when
    /// this one is killed; `release` it when the file has its final name or is gone.
    package static func reserve(for url: URL) -> URL { reserve(for: url, mark: "tmp") }

    /// Where an older directory waits while its successor takes its name, on file systems that cannot
    /// exchange the two at once.
    static func reserveAside(for url: URL) -> URL { reserve(for: url, mark: "old") }

    private static func reserve(for url: URL, mark: String) -> URL {
        let stem = String(decoding: url.lastPathComponent.utf8.prefix(longestStem), as: UTF8.self)
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let name = ".\(stem).\(mark)-\(getpid())-\(random)"
        let directory = url.deletingLastPathComponent()
        let temporary = directory.appendingPathComponent(name)
        clear(directory)
        active.withLock { $0[name] = temporary }
        return temporary
    }

    /// Ends the reservation of a name: its file has the final name or is gone.
    package static func release(_ url: URL) {
        active.withLock { _ = $0.removeValue(forKey: url.lastPathComponent) }
    }

    /// Removes the leftovers in a directory that this process writes into for the first time. What cannot be removed,
    /// such as another user's files, stays.
    private static func clear(_ directory: URL) {
        guard cleared.withLock({ $0.insert(directory.absoluteURL.path).inserted }) else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [] {
            _ = try? removeLeftover(name, in: directory)
        }
    }

    /// Removes everything this process has not finished, and ends it by `exit`; no other thread can begin a file meanwhile.
    static func removeAll(exit: () -> Never) -> Never {
        active.withLock { active in
            // A directory may still be filled by a thread that works on: removing it is tried again.
            for (name, url) in active where range(of: "tmp", in: name) != nil {
                for _ in 0..<10 where (try? FileManager.default.removeItem(at: url)) == nil {
                    guard FileManager.default.fileExists(atPath: url.path) else { break }
                    usleep(1000)
                }
            }
            exit()
        }
    }

    /// Removes what killed processes left unfinished in `directory` (not in its subdirectories) and gives an
    /// older directory its name back if the process died while replacing it. What living processes of this
    /// machine work on is kept; call it under the directory's `DirectoryLock` if other machines share it.
    ///
    /// - Returns: The names removed.
    /// - Throws: `UserError` if the directory cannot be listed or a leftover not be removed.
    @discardableResult
    package static func removeLeftovers(in directory: URL) throws -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        } catch {
            throw UserError(
                "cannot list the directory: \(error.localizedDescription)", file: directory.relativePath,
                status: .noInput)
        }
        return try names.filter { try removeLeftover($0, in: directory) }
    }

    /// Removes an entry of a directory, if it is a leftover, or gives it its name back.
    /// - Returns: Whether it was removed.
    private static func removeLeftover(_ name: String, in directory: URL) throws -> Bool {
        let url = directory.appendingPathComponent(name)
        if isLeftover(url, mark: "tmp") {
            try removeTree(url)
            return true
        }
        guard isLeftover(url, mark: "old") else { return false }
        let original = directory.appendingPathComponent(originalName(of: name, mark: "old"))
        if try stat(at: original, following: false) == nil {
            try FileManager.default.moveItem(at: url, to: original)
            return false
        }
        try removeTree(url)
        return true
    }

    static func removeTree(_ url: URL) throws {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            throw UserError(
                "cannot remove: \(error.localizedDescription)", file: url.relativePath, status: .inputOutput)
        }
    }

    private static func range(of mark: String, in name: String) -> Range<String.Index>? {
        name.range(of: ".\(mark)-", options: .backwards)
    }

    private static func originalName(of name: String, mark: String) -> String {
        guard let range = range(of: mark, in: name) else { return name }
        return String(name[name.index(after: name.startIndex)..<range.lowerBound])
    }

    private static func isLeftover(_ url: URL, mark: String) -> Bool {
        let name = url.lastPathComponent
        guard name.hasPrefix("."), let range = range(of: mark, in: name) else { return false }
        let fields = name[range.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 2, let process = pid_t(fields[0]), process > 0,
            UInt64(fields[1], radix: 36) != nil, range.lowerBound > name.startIndex
        else { return false }
        if process == getpid() { return active.withLock { $0[name] == nil } }
        guard kill(process, 0) < 0, errno == ESRCH else { return false }
        // A process in another container or on another machine has a number that means nothing here, but a lock.
        return (try? OpenFile(url, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK).lock()) == true
    }
}
