import Foundation
import Support

/// The files of a repository at one commit, as the hub's API lists them: `GET /api/models/NAME/revision/REVISION?blobs=true`.
struct RepositoryListing {
    /// What a listing says of a file. Mirrors may leave it out.
    struct File {
        /// Bytes.
        var size: Int?
        /// Its SHA-256 in LFS, or its git hash.
        var hash: String?
    }

    /// The commit.
    let commit: String
    /// By name. Names that lead out of a directory are left out.
    let files: [String: File]

    var names: [String] { files.keys.sorted() }

    /// - Throws: `UserError` if the answer is another.
    init(_ body: Data) throws {
        var parser = JSONParser(body, fileName: "the answer")
        guard case .object(let object) = try parser.document() else {
            throw UserError("the answer is not an object")
        }
        guard case .string(let commit)? = object["sha"], HubReference.isCommit(commit) else {
            throw UserError("the answer names no commit")
        }
        guard case .array(let entries)? = object["siblings"] else {
            throw UserError("the answer lists no files")
        }
        self.commit = commit
        var files: [String: File] = [:]
        for case .object(let entry) in entries {
            guard case .string(let name)? = entry["rfilename"], HubReference.isRelativePath(name) else {
                continue
            }
            files[name] = File(entry)
        }
        self.files = files
    }
}

extension RepositoryListing.File {
    fileprivate init(_ entry: [String: JSONValue]) {
        if case .integer(let size)? = entry["size"], size >= 0 { self.size = size }
        if case .object(let lfs)? = entry["lfs"] {
            if case .string(let hash)? = lfs["sha256"] { self.hash = FileMetadata.plainTag(hash) }
        } else if case .string(let hash)? = entry["blobId"] {
            self.hash = FileMetadata.plainTag(hash)
        }
    }
}
