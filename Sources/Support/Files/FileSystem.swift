import Foundation

/// Properties of the file system of a path.
package enum FileSystem {
    /// Bytes that this process may still write where `url` lies, or where it will once it exists; nil where that is not known.
    package static func freeBytes(at url: URL) -> Int? {
        var url = url.absoluteURL.standardizedFileURL
        while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
            url = url.deletingLastPathComponent()
        }
        var status = statvfs()
        guard statvfs(url.path, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? nil : Int(clamping: bytes)
    }
}
