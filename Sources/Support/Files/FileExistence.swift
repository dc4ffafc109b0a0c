import Foundation

extension FileManager {
    /// Whether something stands at `url`, behind symbolic links.
    ///
    /// `fileExists(atPath:)` says no as well where a directory above may not be searched, and messages then blame the
    /// wrong thing.
    /// - Throws: `UserError` with the system's reason when it cannot be known
    public func exists(at url: URL) throws -> Bool { try Foundation.stat(at: url, while: .reading) != nil }
}
