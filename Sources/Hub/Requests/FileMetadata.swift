import Foundation
import HTTP
import Support

/// What the hub says of a file before it is downloaded.
struct FileMetadata {
    /// The name of its blob: its git hash or, in LFS, its SHA-256.
    let etag: String
    /// Bytes.
    let size: Int
    /// Where it is downloaded from.
    let location: URL

    /// Reads the answer to a `HEAD` request.
    ///
    /// Where a mirror leaves fields out, or redirects to storage whose ETag is no checksum, the values of the listing are used.
    ///
    /// - Parameters:
    ///   - commit: what was asked for
    ///   - listed: what the listing says
    ///   - isStored: whether the answer is from another server than was asked
    /// - Throws: `UserError` if a field is missing or not valid.
    init(
        _ reply: HTTPReply, commit: String, listed: RepositoryListing.File = .init(), isStored: Bool = false
    ) throws {
        if let answered = reply["x-repo-commit"], answered != commit {
            throw UserError("X-Repo-Commit is \"\(answered.prefix(60))\", not the commit that was asked for")
        }
        let own = reply["etag"].flatMap(Self.plainTag)
        let linked = reply["x-linked-etag"].flatMap(Self.plainTag)
        guard let tag = linked ?? (isStored ? listed.hash ?? own : own ?? listed.hash) else {
            throw UserError("the file has no ETag that can name it")
        }
        let length = reply.redirection == nil ? reply.count("content-length") : nil
        guard let size = reply.count("x-linked-size") ?? listed.size ?? length else {
            throw UserError("the file has no size")
        }
        etag = tag
        self.size = size
        location = reply.redirection ?? reply.url
    }

    /// A tag without quotation marks and the mark of a weak one; nil unless it can be the name of a file.
    static func plainTag(_ tag: String) -> String? {
        var tag = Substring(tag)
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        if tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") { tag = tag.dropFirst().dropLast() }
        let isName =
            (1...128).contains(tag.utf8.count)
            && tag.utf8.allSatisfy {
                switch $0 {
                case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
        return isName ? String(tag) : nil
    }
}
