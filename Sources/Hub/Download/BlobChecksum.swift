import Foundation
import Support

/// Compares a file with the hash that names it.
///
/// Files in LFS are named by their SHA-256. Others are named by git: SHA-1 of `blob SIZE`, a zero byte and the content. Some mirrors name them
/// by the SHA-1 of the content alone. Any other name says nothing about the content.
enum BlobChecksum {
    /// Whether a file has the content that its name promises.
    /// - Throws: `UserError` if it cannot be read.
    static func matches(_ url: URL, etag: String, size: Int) throws -> Bool {
        guard etag.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return true }
        switch etag.utf8.count {
        case 64: return try Fingerprint(fileAt: url).hexadecimal == etag
        case 40:
            var (git, plain) = (SHA1(), SHA1())
            Array("blob \(size)\0".utf8).withUnsafeBytes { git.update($0) }
            let file = try OpenFile(url, flags: O_RDONLY)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
            defer { buffer.deallocate() }
            while case let count = try file.read(into: buffer), count > 0 {
                let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                git.update(part)
                plain.update(part)
            }
            return git.hexadecimal() == etag || plain.hexadecimal() == etag
        default: return true
        }
    }
}
