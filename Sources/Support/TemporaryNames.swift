import Foundation
import Synchronization

/// Names of unfinished files and directories: `.NAME.tmp-PID-RANDOM`, next to where `NAME` will stand.
///
/// A killed process leaves them behind; `removeLeftovers(in:)` clears them away.
public enum TemporaryNames {
    /// The ones this process is filling now: a leftover of an earlier process may carry our own number.
    private static let active = Mutex<Set<String>>([])
    /// `NAME` is cut to this length, so that the whole fits the 255 bytes a file system allows.
    private static let longestStem = 180

    static func reserve(for url: URL) -> URL { reserve(for: url, mark: "tmp") }

    /// Where an older directory waits while its successor takes its name, on file systems that cannot
    /// exchange the two at once.
    static func reserveAside(for url: URL) -> URL { reserve(for: url, mark: "old") }

    private static func reserve(for url: URL, mark: String) -> URL {
        let stem = String(decoding: url.lastPathComponent.utf8.prefix(longestStem), as: UTF8.self)
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let name = ".\(stem).\(mark)-\(getpid())-\(random)"
        active.withLock { _ = $0.insert(name) }
        return url.deletingLastPathComponent().appendingPathComponent(name)
    }

    static func release(_ url: URL) {
        active.withLock { _ = $0.remove(url.lastPathComponent) }
    }

    /// Removes what killed processes left unfinished in `directory` (not in its subdirectories) and gives an
    /// older directory its name back if the process died while replacing it. What living processes of this
    /// machine work on is kept; call it under the directory's `DirectoryLock` if other machines share it.
    ///
    /// - Returns: The names removed.
    @discardableResult
    public static func removeLeftovers(in directory: URL) throws -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        } catch {
            throw UserError(
                "cannot list the directory: \(error.localizedDescription)", file: directory.relativePath,
                status: .noInput)
        }
        var removed: [String] = []
        for name in names {
            let url = directory.appendingPathComponent(name)
            if isLeftover(name, mark: "tmp") {
                try removeTree(url)
                removed.append(name)
            } else if isLeftover(name, mark: "old") {
                let original = directory.appendingPathComponent(originalName(of: name, mark: "old"))
                if try stat(at: original, following: false) == nil {
                    try FileManager.default.moveItem(at: url, to: original)
                } else {
                    try removeTree(url)
                    removed.append(name)
                }
            }
        }
        return removed
    }

    static func removeTree(_ url: URL) throws {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            throw UserError(
                "cannot remove: \(error.localizedDescription)", file: url.relativePath, status: .inputOutput)
        }
    }

    private static func originalName(of name: String, mark: String) -> String {
        guard let range = name.range(of: ".\(mark)-", options: .backwards) else { return name }
        return String(name[name.index(after: name.startIndex)..<range.lowerBound])
    }

    private static func isLeftover(_ name: String, mark: String) -> Bool {
        guard name.hasPrefix("."), let range = name.range(of: ".\(mark)-", options: .backwards) else {
            return false
        }
        let fields = name[range.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 2, let process = pid_t(fields[0]), process > 0,
            UInt64(fields[1], radix: 36) != nil, range.lowerBound > name.startIndex
        else { return false }
        if process == getpid() { return !active.withLock { $0.contains(name) } }
        return kill(process, 0) < 0 && errno == ESRCH
    }
}
