import Support

/// A model on the Hugging Face hub, as users name it.
///
///     HuggingFaceTB/SmolLM2-135M-Instruct
///     HuggingFaceTB/SmolLM2-135M-Instruct@v1.0            a branch, a tag or a commit
///     bartowski/SmolLM2-135M-Instruct-GGUF:SmolLM2-135M-Instruct-Q4_K_M.gguf
///     hf:gpt2@607a30d                                     never a path
///
/// Names are accepted as the hub forms them: at most one slash, ASCII letters, digits, `-`, `_` and `.`, no `--`, no `..`. Everything
/// that comes from it is safe as a part of a path.
public struct HubReference: Hashable, Sendable, CustomStringConvertible {
    /// The prefix of a name that is never a path.
    public static let prefix = "hf:"
    /// The revision of a name without one.
    public static let defaultRevision = "main"

    /// `organization/name`, or the name alone of the oldest repositories.
    public let repository: String
    /// A branch, a tag or a commit; nil for `main`.
    public let revision: String?
    /// A GGUF file of the repository; nil for its checkpoint in safetensors files.
    public let file: String?

    /// A reference to what is known to be a repository's name.
    init(repository: String, revision: String? = nil, file: String? = nil) {
        (self.repository, self.revision, self.file) = (repository, revision, file)
    }

    /// Reads a name.
    ///
    /// - Returns: nil if the text does not have the form of a reference and lacks the prefix `hf:`: it is a path.
    /// - Throws: `UserError` if the text has the prefix and is no reference.
    public init?(_ text: String) throws {
        let isForced = text.hasPrefix(Self.prefix)
        do {
            try self.init(parsing: text, isForced: isForced)
        } catch let error as UserError {
            guard isForced else { return nil }
            throw error
        }
        if !isForced, !repository.contains("/") || file == nil && Self.hasFileEnding(repository) {
            return nil
        }
    }

    private init(parsing text: String, isForced: Bool) throws {
        func failure(_ problem: String) -> UserError {
            UserError(
                "\(problem): \"\(text.prefix(120))\"",
                hint: "expected: hf:ORGANIZATION/NAME, NAME@REVISION or NAME:FILE.gguf", status: .usage)
        }
        var rest = Substring(isForced ? text.dropFirst(Self.prefix.count) : text[...])
        if isForced, rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        let name = rest.prefix { $0 != "@" && $0 != ":" }
        rest = rest.dropFirst(name.count)
        guard Self.isRepository(name) else { throw failure("not the name of a repository on the hub") }
        repository = String(name)
        if rest.first == "@" {
            let revision = rest.dropFirst().prefix { $0 != ":" }
            rest = rest.dropFirst(revision.count + 1)
            guard Self.isRevision(revision) else { throw failure("not a branch, tag or commit") }
            self.revision = String(revision)
        } else {
            revision = nil
        }
        if rest.first == ":" {
            let file = rest.dropFirst()
            guard Self.isRelativePath(file), file.lowercased().hasSuffix(".gguf") else {
                throw failure("not the name of a GGUF file")
            }
            self.file = String(file)
        } else {
            file = nil
        }
    }

    /// The same model at another revision.
    /// - Throws: `UserError` if the reference has one already, or the text cannot be one.
    public func at(_ revision: String) throws -> HubReference {
        guard self.revision == nil || self.revision == revision, Self.isRevision(revision) else {
            throw UserError(
                self.revision.map { "two revisions: \"\($0)\" and \"\(revision)\"" }
                    ?? "not a branch, tag or commit: \"\(revision)\"", status: .usage)
        }
        return HubReference(repository: repository, revision: revision, file: file)
    }

    /// The reference as users write it, without `hf:`.
    public var description: String {
        repository + (revision.map { "@\($0)" } ?? "") + (file.map { ":\($0)" } ?? "")
    }

    /// The reference as an argument that means no path, whatever lies in the current directory.
    var argument: String { repository.contains("/") ? description : Self.prefix + description }
}

// MARK: - What names may hold

extension HubReference {
    /// As `validate_repo_id` of huggingface_hub.
    static func isRepository(_ name: some StringProtocol) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), name.utf8.count <= 193, !name.hasSuffix(".git") else {
            return false
        }
        return parts.allSatisfy { part in
            (1...96).contains(part.utf8.count) && part.utf8.allSatisfy(isNameByte)
                && !["-", "."].contains { part.hasPrefix($0) || part.hasSuffix($0) }
                && !part.contains("--") && !part.contains("..")
        }
    }

    /// The characters of git's names of branches and tags that can be written in a path and a URL (git-check-ref-format).
    static func isRevision(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 200 && isRelativePath(text)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"~^:?*[\\\"<>|".utf8.contains($0) }
    }

    /// Whether the text is a path that stays in its directory: a name from a server may be anything.
    static func isRelativePath(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 1024
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 240
                    && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\\" }
            }
    }

    /// Whether the text is the hash of a commit.
    static func isCommit(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// `models/teacher.gguf` has the form of a repository's name; nobody means one.
    private static func hasFileEnding(_ name: String) -> Bool {
        ["gguf", "safetensors", "bin", "json", "jsonl", "yaml", "yml", "model", "txt", "gz"].contains {
            name.lowercased().hasSuffix(".\($0)")
        }
    }
}
