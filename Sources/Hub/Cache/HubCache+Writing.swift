import Foundation
import Support

extension HubCache {
    /// The file that holds a blob.
    func blob(_ etag: String, of repository: String) -> URL {
        folder(of: repository).appending(path: "blobs/\(etag)")
    }

    /// The lock of a blob.
    func lock(_ etag: String, of repository: String) -> URL {
        root.appending(path: ".locks/\(folder(of: repository).lastPathComponent)/\(etag).lock")
    }

    /// Makes the directories of a repository, and marks the cache for programs that make backups (bford.info/cachedir).
    /// - Throws: `UserError` if they cannot be made.
    func prepare(_ repository: String) throws {
        for name in ["blobs", "refs", "snapshots"] {
            try FileManager.default.createDirectories(at: folder(of: repository).appending(path: name))
        }
        let tag = root.appending(path: "CACHEDIR.TAG")
        guard !FileManager.default.fileExists(atPath: tag.path) else { return }
        try? AtomicFile.write(
            Data(
                "Signature: 8a477f597d28d172789f06886806bc55\n# The cache of models from the Hugging Face hub.\n"
                    .utf8),
            to: tag)
    }

    /// Gives a blob its name in a snapshot: a relative symbolic link, or the file itself where there can be no links.
    ///
    /// - Throws: `UserError` if neither can be made.
    func link(_ name: String, to etag: String, of repository: String, commit: String) throws {
        let url = snapshot(of: repository, commit: commit).appending(path: name)
        try FileManager.default.createDirectories(at: url.deletingLastPathComponent())
        let depth = name.split(separator: "/").count + 1
        let target = String(repeating: "../", count: depth) + "blobs/\(etag)"
        for _ in 0..<2 {
            if symlink(target, url.path) == 0 { return }
            switch errno {
            case EEXIST:
                // Another process was faster, or the link is an older one whose blob is gone.
                if (try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)) == target { return }
                unlink(url.path)
            case EPERM, EOPNOTSUPP, ENOSYS:
                return try AtomicFile.install(blob(etag, of: repository), as: url)
            default: throw UserError.system(errno, "cannot link", at: url, while: .writing)
            }
        }
        throw UserError.system(EEXIST, "cannot link", at: url, while: .writing)
    }

    /// Records the commit of a branch or tag; a revision that is a commit needs no record.
    /// - Throws: `UserError` if it cannot be written.
    func record(_ commit: String, as revision: String, of repository: String) throws {
        let url = folder(of: repository).appending(path: "refs/\(revision)")
        guard self.commit(of: HubReference(repository: repository, revision: revision)) != commit else {
            return
        }
        try FileManager.default.createDirectories(at: url.deletingLastPathComponent())
        try AtomicFile.write(Data(commit.utf8), to: url)
    }
}
