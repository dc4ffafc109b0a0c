import Foundation
import Support

/// Finds models by path or by their name on the hub.
///
/// An existing path wins; a name that is none is looked up in the cache of the Hugging Face hub. A name with the prefix `hf:` is never a
/// path.
///
///     let locator = ModelLocator()
///     switch try locator.find("HuggingFaceTB/SmolLM2-135M-Instruct") {
///     case .path(let url): …
///     case .cached(let url): …                       // a snapshot's directory, or a GGUF file in it
///     case .missing(let reference): …                // ModelDownload(reference, …) fetches it
///     case .absent: …                                // no such file, and no name of a model either
///     }
public struct ModelLocator: Sendable {
    private let environment: [String: String]

    /// A locator for the cache that environment variables name; see `HubSettings`.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// What a name refers to.
    public enum Location: Equatable, Sendable {
        /// A file or directory of the user.
        case path(URL)
        /// A model in the cache: the directory of its snapshot, or its GGUF file.
        case cached(URL)
        /// A name on the hub whose model is not, or not completely, in the cache. The hub may not have it either.
        case missing(HubReference)
        /// A path where there is nothing.
        case absent
    }

    /// Looks a name up, without the network.
    ///
    /// - Parameter directory: where relative paths start; the current directory when nil
    /// - Throws: `UserError` if the environment variables or a name with `hf:` are not valid, or the cache cannot be used.
    public func find(_ name: String, relativeTo directory: URL? = nil) throws -> Location {
        if !name.hasPrefix(HubReference.prefix) {
            let url = directory.map { URL(filePath: name, relativeTo: $0) } ?? URL(filePath: name)
            if try FileManager.default.exists(at: url) { return .path(url) }
        }
        guard let reference = try HubReference(name) else { return .absent }
        let cache = HubCache(root: try settings().cache)
        return try cache.model(reference).map { .cached($0) } ?? .missing(reference)
    }

    /// Whether a name that `find` calls missing is to be looked for on the hub: not without a network, and not where its first part is a
    /// directory. `data/techer` beside a directory `data` is a mistyped path.
    ///
    /// - Throws: `UserError` if an environment variable is not valid.
    public func mayDownload(_ name: String, relativeTo directory: URL? = nil) throws -> Bool {
        guard try !settings().isOffline else { return false }
        guard !name.hasPrefix(HubReference.prefix), let first = name.split(separator: "/").first else {
            return true
        }
        let url =
            directory.map { URL(filePath: String(first), relativeTo: $0) } ?? URL(filePath: String(first))
        var isDirectory: ObjCBool = false
        return
            !(FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
            && isDirectory.boolValue)
    }

    /// The settings of the hub.
    /// - Throws: `UserError` if an environment variable is not valid.
    public func settings() throws -> HubSettings { try HubSettings(environment: environment) }

    /// Whether a file makes a model what it is: in the cache, other tools may add files to a snapshot that are not read here.
    package static func isPart(_ name: String, ofModelAt directory: URL) -> Bool {
        let snapshots = directory.deletingLastPathComponent()
        guard snapshots.lastPathComponent == "snapshots",
            HubReference.isCommit(directory.lastPathComponent),
            snapshots.deletingLastPathComponent().lastPathComponent.hasPrefix("models--")
        else { return true }
        return CheckpointContents.isDescription(name) || name == CheckpointContents.index
            || name.hasSuffix(".safetensors") && !name.contains("/")
    }

    /// The message about a name that refers to nothing, with what to do about it.
    ///
    /// - Parameter similar: an existing name like it
    public static func absence(of name: String, _ location: Location, similar: String? = nil) -> UserError {
        func error(_ problem: String, _ hint: String?) -> UserError {
            UserError(problem, file: name, hint: hint, status: .noInput)
        }
        let suggestion = similar.map { "did you mean \"\($0)\"?" }
        guard case .missing(let reference) = location else {
            let hint =
                name.contains(":")
                ? "expected: a path, or a name on the Hugging Face hub as NAME:FILE.gguf" : nil
            return error("no such file or directory", suggestion ?? hint)
        }
        let pull = "to download it: distill pull \(reference.argument)"
        let problem =
            name.hasPrefix(HubReference.prefix)
            ? "not in the cache of the Hugging Face hub"
            : "no such file or directory, and not in the cache of the Hugging Face hub"
        return error(problem, suggestion.map { "\($0) \(pull)" } ?? pull)
    }
}
