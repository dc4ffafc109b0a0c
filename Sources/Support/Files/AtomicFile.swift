import Foundation

/// Writes files atomically: under the final name there is the old content or the new, whole, whatever happens.
public enum AtomicFile {
    /// Writes `data` to `url`.
    /// - Throws: `UserError` naming the file and the system's reason.
    public static func write(_ data: Data, to url: URL) throws {
        try write(to: url) { try $0.write(data) }
    }

    /// Writes to `url` what `body` writes: into a temporary file beside it, which is synced to the disk and
    /// then takes the name. If anything fails, the temporary file goes and an older file stays.
    ///
    /// A symbolic link is followed: the file it points at is replaced. The permissions of an older file are
    /// kept. A pipe or device is written directly, since it must not be replaced by a file.
    ///
    /// - Throws: What `body` throws, or `UserError` naming the file and the system's reason.
    public static func write(to url: URL, _ body: (inout FileWriter) throws -> Void) throws {
        let existing = try stat(at: url)
        if let existing, existing.isDirectory {
            throw UserError.system(EISDIR, "cannot write", at: url, while: .writing)
        }
        if let existing, !existing.isRegular {
            try fill(OpenFile(url, flags: O_WRONLY), body)
            return
        }
        let target = try SymbolicLink.resolve(url)
        let temporary = TemporaryNames.reserve(for: target)
        defer { TemporaryNames.release(temporary) }
        do {
            let file = try OpenFile(temporary, flags: O_WRONLY | O_CREAT | O_EXCL)
            // Shows other processes that the file is being written. Not every file system has locks.
            _ = try? file.lock()
            if let existing { _ = fchmod(file.descriptor, existing.st_mode & 0o7777) }
            try fill(file, body)
            try check({ .system($0, "cannot write", at: url, while: .writing) }) {
                rename(temporary.path, target.path)
            }
        } catch {
            unlink(temporary.path)
            throw renaming(error, from: temporary, to: url)
        }
        try OpenFile.synchronize(directory: target.deletingLastPathComponent())
    }

    /// Gives a whole file, already on the disk, its final name in the same directory.
    /// - Throws: `UserError` naming the file and the system's reason.
    public static func install(_ source: URL, as url: URL) throws {
        try check({ .system($0, "cannot write", at: url, while: .writing) }) {
            rename(source.path, url.path)
        }
        try OpenFile.synchronize(directory: url.absoluteURL.deletingLastPathComponent())
    }

    private static func fill(_ file: OpenFile, _ body: (inout FileWriter) throws -> Void) throws {
        var writer = FileWriter(file)
        try body(&writer)
        try writer.flush()
        try file.synchronize()
        try file.close()
    }

    /// Names `url` in an error about the temporary file, which the user does not know.
    private static func renaming(_ error: any Error, from temporary: URL, to url: URL) -> any Error {
        guard var error = error as? UserError, error.file == temporary.relativePath else { return error }
        error.file = url.relativePath
        return error
    }
}

enum SymbolicLink {
    /// The file behind `url`, also where the last link points at a file that does not exist yet.
    static func resolve(_ url: URL) throws -> URL {
        var target = url
        // Linux follows at most 40 links (`MAXSYMLINKS`).
        for _ in 0..<40 {
            guard let status = try stat(at: target, following: false), status.isSymbolicLink else {
                return target
            }
            let path = try FileManager.default.destinationOfSymbolicLink(atPath: target.path)
            target = URL(fileURLWithPath: path, relativeTo: target.deletingLastPathComponent()).absoluteURL
        }
        throw UserError.system(ELOOP, "cannot follow", at: url, while: .writing)
    }
}
