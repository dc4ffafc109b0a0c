import Foundation
import Support

/// The files of a repository at one commit, as the hub's API lists them: `GET /api/models/NAME/revision/REVISION?blobs=true`.
struct RepositoryListing {
    /// The commit.
    let commit: String
    /// Sizes by name; nil where the hub does not say. Names that lead out of a directory are left out.
    let sizes: [String: Int?]

    var names: [String] { sizes.keys.sorted() }

    /// - Throws: `UserError` if the answer is another.
    init(_ body: Data) throws {
        var parser = JSONParser(body, fileName: "the answer")
        guard case .object(let object) = try parser.document() else {
            throw UserError("the answer is not an object")
        }
        guard case .string(let commit)? = object["sha"], HubReference.isCommit(commit) else {
            throw UserError("the answer names no commit")
        }
        guard case .array(let files)? = object["siblings"] else {
            throw UserError("the answer lists no files")
        }
        self.commit = commit
        var sizes: [String: Int?] = [:]
        for case .object(let file) in files {
            guard case .string(let name)? = file["rfilename"], HubReference.isRelativePath(name) else {
                continue
            }
            if case .integer(let size)? = file["size"], size >= 0 {
                sizes[name] = .some(size)
            } else {
                sizes[name] = .some(nil)
            }
        }
        self.sizes = sizes
    }
}
