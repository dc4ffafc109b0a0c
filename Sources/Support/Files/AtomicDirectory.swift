import Foundation

/// Writes directories atomically: under the final name there is the old content or the new, whole.
public enum AtomicDirectory {
    /// Creates the directory `url` with what `body` puts into the directory it is given: a temporary one
    /// beside it, which is synced to the disk and then takes the name.
    ///
    /// An older directory is replaced in one step, but only if no other files are lost: each of its
    /// entries must exist in the new directory too, or be named by `obsolete`. Its permissions are kept.
    ///
    /// - Parameters:
    ///   - url: The directory; its parent must exist.
    ///   - obsolete: Whether an entry of the older directory may vanish.
    ///   - body: Fills the directory. When it throws, the temporary directory is removed.
    /// - Throws: What `body` throws, or `UserError` naming the directory and the reason.
    public static func create(
        at url: URL, obsolete: (String) -> Bool = { _ in false }, _ body: (URL) throws -> Void
    ) throws {
        let existing = try stat(at: url)
        if let existing, !existing.isDirectory {
            throw UserError.system(ENOTDIR, "cannot create", at: url, while: .writing)
        }
        let target = try SymbolicLink.resolve(url)
        let temporary = TemporaryNames.reserve(for: target)
        defer { TemporaryNames.release(temporary) }
        try check({ .system($0, "cannot create", at: url, while: .writing) }) {
            mkdir(temporary.path, 0o777)
        }
        // Shows other processes that the directory is being filled. Not every file system has locks.
        let lock = try? FileLock(directory: temporary)
        defer { withExtendedLifetime(lock) {} }
        if let existing { chmod(temporary.path, existing.st_mode & 0o7777) }
        // After an exchange the older directory has the temporary name; either way it is removed.
        defer { try? FileManager.default.removeItem(at: temporary) }
        try body(temporary)
        try synchronizeTree(temporary)
        try refuseLoss(replacing: target, with: temporary, obsolete, named: url)
        try install(temporary, as: target, named: url)
        try OpenFile.synchronize(directory: target.deletingLastPathComponent())
    }

    private static func entries(of directory: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        } catch {
            throw UserError.system(EIO, "cannot list the directory", at: directory, while: .writing)
        }
    }

    private static func refuseLoss(
        replacing target: URL, with new: URL, _ obsolete: (String) -> Bool, named url: URL
    ) throws {
        guard try stat(at: target) != nil else { return }
        let kept = Set(try entries(of: new))
        let lost = try entries(of: target).filter { !kept.contains($0) && !obsolete($0) }
        guard !lost.isEmpty else { return }
        let shown = lost.prefix(5).joined(separator: ", ") + (lost.count > 5 ? ", …" : "")
        throw UserError(
            "replacing this directory would delete \(shown)", file: url.relativePath,
            hint: "name another directory, or move these files away", status: .cannotCreate)
    }

    private static func synchronizeTree(_ directory: URL) throws {
        for name in try entries(of: directory) {
            let entry = directory.appendingPathComponent(name)
            guard let status = try stat(at: entry, following: false) else { continue }
            if status.isDirectory {
                try synchronizeTree(entry)
            } else if status.isRegular {
                let file = try OpenFile(entry, flags: O_RDONLY)
                try file.synchronize()
                try file.close()
            }
        }
        try OpenFile.synchronize(directory: directory)
    }

    private static func install(_ temporary: URL, as target: URL, named url: URL) throws {
        let move = { (from: URL, to: URL) throws -> Void in
            try check({ .system($0, "cannot replace", at: url, while: .writing) }) {
                rename(from.path, to.path)
            }
        }
        guard try stat(at: target) != nil else {
            try move(temporary, target)
            return
        }
        if exchange(temporary, target) { return }
        let aside = TemporaryNames.reserveAside(for: target)
        defer { TemporaryNames.release(aside) }
        try move(target, aside)
        do {
            try move(temporary, target)
        } catch {
            try move(aside, target)
            throw error
        }
        try TemporaryNames.removeTree(aside)
    }

    private typealias Renameat2 =
        @convention(c) (
            Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32

    /// Linux's exchange of two names in one step, looked up because Swift's Glibc module does not show it.
    /// - Returns: false where the C library or the file system cannot do it.
    private static func exchange(_ first: URL, _ second: URL) -> Bool {
        let renameExchange: UInt32 = 2  // RENAME_EXCHANGE of <linux/fs.h>
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        let function = unsafeBitCast(symbol, to: Renameat2.self)
        return function(AT_FDCWD, first.path, AT_FDCWD, second.path, renameExchange) == 0
    }
}

extension FileManager {
    /// Creates `url` and what is missing above it; an existing directory is fine.
    /// - Throws: `UserError` naming the directory and the system's reason.
    public func createDirectories(at url: URL) throws {
        if let existing = try Foundation.stat(at: url) {
            if existing.isDirectory { return }
            throw UserError.system(EEXIST, "cannot create the directory", at: url, while: .writing)
        }
        let parent = url.absoluteURL.deletingLastPathComponent()
        if parent.path != url.absoluteURL.path { try createDirectories(at: parent) }
        try check({ .system($0, "cannot create the directory", at: url, while: .writing) }) {
            let result = mkdir(url.path, 0o777)
            return result < 0 && errno == EEXIST ? 0 : result
        }
    }
}
