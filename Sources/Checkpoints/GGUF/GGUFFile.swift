import Foundation
import Support
import Tensors

/// Reads a GGUF file (version 3). The file is mapped, and its header checked whole before any tensor is read.
struct GGUFFile: Sendable {
    let url: URL
    let metadata: [String: GGUFValue]
    /// In the order of the header.
    let tensors: [String: StoredTensor]

    /// - Throws: `UserError` if the file cannot be read or anything about it is not as the format demands.
    init(contentsOf url: URL) throws {
        self.url = url
        let file = try MappedFile(contentsOf: url)
        let header = try file.bytes.withUnsafeBytes { try GGUFHeader($0, fileName: url.relativePath) }
        metadata = header.metadata
        tensors = header.entries.reduce(into: [:]) { tensors, entry in
            let (name, entry) = entry
            tensors[name] = StoredTensor(
                name: name, format: entry.format, typeName: entry.format.rawValue, shape: entry.shape,
                bytes: file.data(entry.range), file: url.relativePath)
        }
    }

    /// Whether a file begins as GGUF files do.
    static func isGGUF(_ url: URL) -> Bool {
        guard let handle = try? FileHandle(forReadingFrom: url) else { return false }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 4)) == Data("GGUF".utf8)
    }

    func error(_ problem: String, remedy: String? = nil) -> UserError {
        UserError(problem, file: url.relativePath, remedy: remedy)
    }
}
