import Foundation

extension FileManager {
    /// Whether a file or directory exists at `url`, behind symbolic links.
    ///
    /// `fileExists(atPath:)` returns false as well where a directory above may not be searched, and messages then blame the
    /// wrong thing.
    /// - Throws: `UserError` with the system's reason when it cannot be known
    package func exists(at url: URL) throws -> Bool { try Foundation.stat(at: url, while: .reading) != nil }
}
