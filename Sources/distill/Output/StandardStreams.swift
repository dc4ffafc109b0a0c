import ArgumentParser
import Foundation
import Support

/// `-` as a path: standard input where records, prompts or text are read, standard output where they are written.
enum StandardStreams {
    static let name = "-"

    /// A copy of standard input, made on first use.
    nonisolated(unsafe) private static var copy: TemporaryCopy?

    /// The files at these paths. Standard input is copied to a file in `TMPDIR`, since text is read more than once: as
    /// JSON lines if its first character is a brace, else as text.
    ///
    /// - Throws: `UserError` when standard input cannot be read or copied.
    static func files(_ paths: [String]) throws -> [URL] { try paths.map(file) }

    static func file(_ path: String) throws -> URL {
        guard path == name else { return URL(filePath: path) }
        if copy == nil { copy = try TemporaryCopy() }
        return copy!.url
    }

    /// Runs `body` and removes the copy afterwards. Errors name standard input instead of the copy.
    static func withInput<R>(_ body: () throws -> R) throws -> R {
        defer { copy = nil }
        do {
            return try body()
        } catch var error as UserError where copy != nil && error.file == copy!.url.relativePath {
            error.file = "standard input"
            throw error
        }
    }

    /// Refuses `-` for outputs that are not a stream of records.
    /// - Throws: `ValidationError` when the path is `-`.
    static func refuse(_ path: String, for what: String) throws {
        guard path != name else {
            throw ValidationError("\(what) cannot be written to standard output: name a file or directory")
        }
    }

    private final class TemporaryCopy {
        let url: URL
        private let directory: URL

        init() throws {
            directory = TemporaryNames.reserve(for: .temporaryDirectory.appending(path: "distill"))
            do {
                try FileManager.default.createDirectories(at: directory)
                var chunk = try Self.nextChunk()
                let first = chunk.first { ![0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }
                let kind = first == UInt8(ascii: "{") ? "jsonl" : "txt"
                url = directory.appending(path: "standard-input.\(kind)")
                try AtomicFile.write(to: url) { writer in
                    while !chunk.isEmpty {
                        try writer.write(chunk)
                        chunk = try Self.nextChunk()
                    }
                }
            } catch {
                try? FileManager.default.removeItem(at: directory)
                TemporaryNames.release(directory)
                throw error
            }
        }

        /// Up to 1 MiB; empty at the end of the input.
        private static func nextChunk() throws -> Data {
            do {
                return try FileHandle.standardInput.read(upToCount: 1 << 20) ?? Data()
            } catch {
                throw UserError(
                    "cannot be read: \(error.localizedDescription)", file: "standard input", status: .noInput)
            }
        }

        deinit {
            try? FileManager.default.removeItem(at: directory)
            TemporaryNames.release(directory)
        }
    }
}
