import Foundation
import Support

/// The cache of huggingface_hub, which other tools read and write too.
///
///     models--ORGANIZATION--NAME/
///         refs/main                             the commit that a branch or tag had when it was downloaded
///         blobs/ETAG                            a file, named by its git hash or, in LFS, its SHA-256
///         snapshots/COMMIT/config.json          a symbolic link to ../../blobs/ETAG
///     .locks/models--ORGANIZATION--NAME/ETAG.lock
///
/// See [the description of the cache](https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
struct HubCache {
    let root: URL

    /// The directory of a repository.
    func folder(of repository: String) -> URL {
        root.appending(
            path: "models--" + repository.replacing("/", with: "--"), directoryHint: .isDirectory)
    }

    /// The commit of a reference; nil if its branch or tag was never downloaded.
    func commit(of reference: HubReference) -> String? {
        let revision = reference.revision ?? HubReference.defaultRevision
        if HubReference.isCommit(revision) { return revision }
        let file = folder(of: reference.repository).appending(path: "refs/\(revision)")
        guard let data = try? ConfigurationFile.read(file, atMost: 256) else { return nil }
        let commit = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return HubReference.isCommit(commit) ? commit : nil
    }

    /// The directory of a commit's files.
    func snapshot(of repository: String, commit: String) -> URL {
        folder(of: repository).appending(path: "snapshots/\(commit)", directoryHint: .isDirectory)
    }

    /// A file of a commit; nil if it is not there, or its link leads to a blob that is not.
    ///
    /// - Throws: `UserError` if the link leads out of the cache.
    func file(_ name: String, of repository: String, commit: String) throws -> URL? {
        let url = snapshot(of: repository, commit: commit).appending(path: name)
        guard let target = realPath(url) else { return nil }
        let roots = [root, folder(of: repository)].compactMap(realPath)
        guard roots.contains(where: { target.hasPrefix($0 + "/") }) else {
            throw UserError(
                "is a symbolic link that leads out of the cache, to \(target)", file: url.path,
                hint: "delete it and download the model again, or name a directory of your own")
        }
        return url
    }

    /// The path without symbolic links; nil if there is nothing.
    private func realPath(_ url: URL) -> String? {
        guard let path = realpath(url.path, nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }
}

// MARK: - Models

extension HubCache {
    /// The directory or GGUF file of a model whose files are all there; nil otherwise.
    ///
    /// - Throws: `UserError` if one of its links leads out of the cache.
    func model(_ reference: HubReference) throws -> URL? {
        guard let commit = commit(of: reference) else { return nil }
        let find = { (name: String) in try self.file(name, of: reference.repository, commit: commit) }
        if let file = reference.file {
            let parts = try GGUFPartName.parts(of: file).map(find)
            return parts.contains(nil) ? nil : parts[0]
        }
        guard try find(CheckpointContents.configuration) != nil else { return nil }
        if try find(CheckpointContents.weights) == nil {
            guard let index = try find(CheckpointContents.index) else { return nil }
            // An index that cannot be read is reported when the model is.
            let shards = (try? CheckpointContents.shards(inIndexAt: index)) ?? []
            guard try shards.allSatisfy({ try find($0) != nil }) else { return nil }
        }
        return snapshot(of: reference.repository, commit: commit)
    }
}
