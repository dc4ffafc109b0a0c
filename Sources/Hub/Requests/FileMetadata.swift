import Foundation
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
    /// - Parameter commit: what was asked for
    /// - Throws: `UserError` if a field is missing or not valid.
    init(_ reply: HTTPReply, commit: String) throws {
        guard let answered = reply["x-repo-commit"] else {
            throw UserError("the field X-Repo-Commit is missing")
        }
        guard answered == commit else {
            throw UserError("X-Repo-Commit is \"\(answered.prefix(60))\", not the commit that was asked for")
        }
        guard let tag = (reply["x-linked-etag"] ?? reply["etag"]).flatMap(Self.plain) else {
            throw UserError("the file has no ETag that can name it")
        }
        let isRedirection = reply.redirection != nil
        guard let size = reply.count("x-linked-size") ?? (isRedirection ? nil : reply.count("content-length"))
        else {
            throw UserError("the file has no size")
        }
        etag = tag
        self.size = size
        location = reply.redirection ?? reply.url
    }

    /// A tag without quotation marks and the mark of a weak one; nil unless it can be the name of a file.
    private static func plain(_ tag: String) -> String? {
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
