import Foundation
import Support

/// SHA-256 digests of the files that a finished stage left, by their paths in the stage's directory.
///
/// A stage is reused only if its files are as they were written. Files that were added since do not count.
struct ArtifactDigests: Codable, Equatable {
    private let files: [String: Fingerprint]

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - names: files and directories in `directory`; one that is missing has no digest
    ///   - directory: of the stage
    /// - Throws: `UserError` when a file cannot be read
    init(of names: [String], in directory: URL) throws {
        var files: [String: Fingerprint] = [:]
        for path in try names.flatMap({ try Self.paths($0, in: directory) }) {
            files[path] = try Fingerprint(fileAt: directory.appending(path: path))
        }
        self.files = files
    }

    private static func paths(_ name: String, in directory: URL) throws -> [String] {
        let url = directory.appending(path: name)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else { return [] }
        guard isDirectory.boolValue else { return [name] }
        return try FileManager.default.subpathsOfDirectory(atPath: url.path).map { "\(name)/\($0)" }
            .filter { path in
                var isDirectory: ObjCBool = false
                let exists = FileManager.default.fileExists(
                    atPath: directory.appending(path: path).path, isDirectory: &isDirectory)
                return exists && !isDirectory.boolValue
            }
    }

    /// Paths of the files in `directory` that are missing or have changed, sorted.
    func changed(in directory: URL) -> [String] {
        files.filter { path, digest in
            (try? Fingerprint(fileAt: directory.appending(path: path))) != digest
        }.keys.sorted()
    }

    init(from decoder: any Decoder) throws {
        files = try decoder.singleValueContainer().decode([String: Fingerprint].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(files)
    }
}
