import Foundation
import Support

/// The files that a path of a corpus refers to.
///
/// A directory refers to its files of the supported kinds, in the order of their names; a pattern such as
/// `data/*.jsonl` to all paths that match it, as in a shell. `*.gz` of each kind is supported too.
public struct CorpusFiles: Sendable {
    /// The files, in the order in which they are read.
    public let files: [URL]
    /// Files of a directory that are of another kind, and so are skipped; hidden ones are not listed.
    public let leftOut: [URL]

    package static let kinds: Set = ["jsonl", "ndjson", "json", "txt"]
    /// The kinds of files, for messages.
    public static let summary = ".jsonl, .ndjson, .json or .txt, also as .gz"

    /// Resolves a path.
    ///
    /// - Parameter url: a file, a directory or a pattern; a file need not exist
    /// - Throws: `UserError` if a directory cannot be read, or nothing matches a pattern
    public init(at url: URL) throws {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) {
            self = isDirectory.boolValue ? try Self.directory(url) : CorpusFiles(files: [url], leftOut: [])
        } else if Self.isPattern(url.relativePath) {
            self = try Self.matching(url)
        } else {
            // Opening it reports what is wrong.
            self.init(files: [url], leftOut: [])
        }
    }

    private init(files: [URL], leftOut: [URL]) { (self.files, self.leftOut) = (files, leftOut) }

    /// Whether a path is a pattern, if it is not the name of a file.
    public static func isPattern(_ path: String) -> Bool { path.contains { "*?[".contains($0) } }

    /// The kind of a file by its name, without `.gz`.
    package static func kind(of url: URL) -> String {
        let kind = url.pathExtension.lowercased()
        return kind == "gz" ? url.deletingPathExtension().pathExtension.lowercased() : kind
    }

    /// The error for a file of another kind.
    ///
    /// - Parameter what: what the file was to hold, such as "a corpus"
    package static func unsupported(_ file: URL, as what: String) -> UserError {
        let kind = kind(of: file)
        var hint = "give \(summary)"
        if kind == "parquet" {
            let name = file.lastPathComponent
            hint =
                "convert it: python3 -c \"import pandas; pandas.read_parquet('\(name)')"
                + ".to_json('\(name.dropLast(8)).jsonl', orient='records', lines=True, force_ascii=False)\""
        }
        return UserError(
            kind.isEmpty ? "\(what) without a file extension" : "\(what) of kind .\(kind)",
            file: file.relativePath, hint: hint)
    }

    private static func directory(_ directory: URL) throws -> CorpusFiles {
        let contents: [URL]
        do {
            contents = try FileManager.default.contentsOfDirectory(
                at: directory, includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles)
        } catch {
            throw UserError(
                "cannot be read: \(error.localizedDescription)", file: directory.relativePath,
                status: .noInput)
        }
        let sorted = contents.sorted { $0.lastPathComponent < $1.lastPathComponent }
        func isCorpus(_ url: URL) -> Bool { kinds.contains(kind(of: url)) }
        let files = sorted.filter(isCorpus)
        let leftOut = sorted.filter {
            !isCorpus($0) && (try? $0.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory != true
        }
        return CorpusFiles(files: files, leftOut: leftOut)
    }

    private static func matching(_ pattern: URL) throws -> CorpusFiles {
        let parts = try paths(matching: pattern).map { try CorpusFiles(exactly: $0) }
        return CorpusFiles(files: parts.flatMap(\.files), leftOut: parts.flatMap(\.leftOut))
    }

    /// All paths that match a pattern, as in a shell.
    static func paths(matching pattern: URL) throws -> [URL] {
        var found = glob_t()
        defer { globfree(&found) }
        let status = glob(pattern.path, 0, nil, &found)
        guard status == 0 else {
            throw UserError(
                status == GLOB_NOMATCH ? "no file matches" : "cannot be searched",
                file: pattern.relativePath, hint: "give \(summary)", status: .noInput)
        }
        return (0..<Int(found.gl_pathc)).map { URL(filePath: String(cString: found.gl_pathv[$0]!)) }
    }

    /// As `init(at:)`, of a path in which `*` has no special meaning.
    private init(exactly url: URL) throws {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        self = isDirectory.boolValue ? try Self.directory(url) : CorpusFiles(files: [url], leftOut: [])
    }
}
