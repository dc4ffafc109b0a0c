import Foundation
import Support
import Tensors

/// Reads a GGUF file (version 3), or one in several parts. Files are mapped, and their headers checked whole before any
/// tensor is read.
///
/// Parts are what `llama-gguf-split` writes: `NAME-00001-of-00003.gguf` and so on, metadata in the first.
struct GGUFFile: Sendable {
    let url: URL
    let metadata: [String: GGUFValue]
    /// Of all parts, by their names.
    let tensors: [String: StoredTensor]

    /// - Parameter url: The file, or the first part.
    /// - Throws: `UserError` if a file cannot be read or anything about it is not as the format demands.
    init(contentsOf url: URL) throws {
        self.url = url
        var tensors: [String: StoredTensor] = [:]
        metadata = try Self.read(url, into: &tensors)
        if let count = try Self.partCount(metadata, number: 0, of: url) {
            let parts = Self.parts(of: url)
            guard parts.count == count else {
                throw UserError(
                    "is the first of \(count) parts by its metadata, but not by its name",
                    file: url.relativePath,
                    hint: "a name that ends in \(GGUFPartName.ending(1, of: count)) is expected")
            }
            for (index, part) in parts.enumerated().dropFirst() {
                let own = try Self.read(part, into: &tensors)
                guard try Self.partCount(own, number: index, of: part) == count else {
                    throw UserError(
                        "is not part \(index + 1) of \(count)", file: part.relativePath,
                        hint: "all parts must come from one model")
                }
            }
            if case .integer(let total)? = metadata["split.tensors.count"], total != tensors.count {
                throw UserError(
                    "the \(count) parts hold \(tensors.count) tensors, not the \(total) that the first one lists",
                    file: url.relativePath, hint: "all parts must come from one model")
            }
        }
        self.tensors = tensors
    }

    private static func read(_ url: URL, into tensors: inout [String: StoredTensor]) throws -> [String:
        GGUFValue]
    {
        let file = try MappedFile(contentsOf: url)
        let header = try file.bytes.withUnsafeBytes { try GGUFHeader($0, fileName: url.relativePath) }
        for (name, entry) in header.entries {
            let tensor = StoredTensor(
                name: name, dtype: entry.dtype, typeName: entry.dtype.rawValue, shape: entry.shape,
                bytes: file.data(entry.range), file: url.relativePath)
            if let other = tensors.updateValue(tensor, forKey: name) {
                throw tensor.error("is in \(other.file) too")
            }
        }
        return header.metadata
    }

    /// How many parts the model has; nil for a file that is no part.
    /// - Throws: `UserError` if the file is another part than `number`, counted from 0.
    private static func partCount(_ metadata: [String: GGUFValue], number: Int, of url: URL) throws -> Int? {
        guard case .integer(let count)? = metadata["split.count"], count > 1 else { return nil }
        guard case .integer(let own)? = metadata["split.no"], (0..<count).contains(own) else {
            throw UserError(
                "\"split.no\" is \(metadata["split.no"]?.text ?? "missing")", file: url.relativePath,
                hint: "0 to \(count - 1) is expected")
        }
        guard own == number else {
            throw UserError(
                number == 0
                    ? "is part \(own + 1) of \(count)" : "is part \(own + 1), not \(number + 1), of \(count)",
                file: url.relativePath,
                hint: number == 0 ? "name the first part, …\(GGUFPartName.ending(1, of: count))" : nil)
        }
        return count
    }

    /// The files of a model by the name of its first part; the file alone where the name is none.
    static func parts(of url: URL) -> [URL] {
        let directory = url.deletingLastPathComponent()
        return [url]
            + GGUFPartName.parts(of: url.lastPathComponent).dropFirst().map { directory.appending(path: $0) }
    }

    /// Whether a file begins as GGUF files do.
    static func isGGUF(_ url: URL) -> Bool {
        (try? ConfigurationFile.beginning(of: url, count: 4)) == Data("GGUF".utf8)
    }

    func error(_ problem: String, hint: String? = nil) -> UserError {
        UserError(problem, file: url.relativePath, hint: hint)
    }
}
