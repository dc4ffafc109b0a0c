import Foundation
import Support

/// Where the hub and its cache are, as huggingface_hub reads them from the environment.
///
/// | variable | meaning |
/// |---|---|
/// | `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE` | the cache; by default `hub` in `HF_HOME` |
/// | `HF_HOME` | by default `huggingface` in `XDG_CACHE_HOME`, by default `~/.cache` |
/// | `HF_ENDPOINT` | the hub or a mirror, by default `https://huggingface.co` |
/// | `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN` | an access token; by default the file `HF_TOKEN_PATH`, by default `token` in `HF_HOME` |
/// | `HF_HUB_DISABLE_IMPLICIT_TOKEN` | no token is sent |
/// | `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE` | 1, true, yes or on: the network is not used |
/// | `HF_HUB_DOWNLOAD_TIMEOUT` | seconds without a byte after which a request is tried again, by default 10 |
public struct HubSettings: Sendable {
    /// The directory of the cache.
    public var cache: URL
    /// The hub, without a slash at the end.
    public var endpoint: URL
    /// The token that is sent to `endpoint`, and nowhere else.
    public var token: String?
    /// Whether the network must not be used.
    public var isOffline: Bool
    /// Seconds without a byte after which a request has failed.
    public var timeout: Double
    /// Seconds before a request is sent again the first time; twice as many each following time.
    public var retryDelay = 1.0

    /// Settings from environment variables.
    /// - Throws: `UserError` if one of them is not valid.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let paths = HubPaths(environment)
        cache = paths.cache
        endpoint = try Self.endpoint(environment["HF_ENDPOINT"])
        token = try Self.token(environment, file: paths.token)
        isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains { Self.isTrue(environment[$0]) }
        timeout = Double(environment["HF_HUB_DOWNLOAD_TIMEOUT"].flatMap { Int($0) } ?? 10)
        guard (1...86400).contains(timeout) else {
            throw UserError(
                "HF_HUB_DOWNLOAD_TIMEOUT is \(timeout)", hint: "1 to 86400 seconds are accepted",
                status: .configuration)
        }
    }

    private static func isTrue(_ text: String?) -> Bool {
        ["1", "ON", "YES", "TRUE"].contains(text?.uppercased())
    }

    private static func endpoint(_ text: String?) throws -> URL {
        var text = text?.trimmingCharacters(in: .whitespaces) ?? ""
        while text.hasSuffix("/") { text.removeLast() }
        if text.isEmpty { text = "https://huggingface.co" }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
            url.host()?.isEmpty == false, url.query() == nil, url.fragment() == nil
        else {
            throw UserError(
                "HF_ENDPOINT is not the address of a hub: \"\(text.prefix(200))\"",
                hint: "for example https://huggingface.co", status: .configuration)
        }
        return url
    }

    private static func token(_ environment: [String: String], file: URL) throws -> String? {
        guard !isTrue(environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"]) else { return nil }
        let named = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].lazy.compactMap { name in
            environment[name].flatMap { clean($0) }.map { (name, $0) }
        }.first
        guard let (origin, token) = named ?? stored(in: file) else { return nil }
        // A line break would end the header and begin another.
        guard token.utf8.count <= 4096, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UserError(
                "\(origin) holds characters that no token has",
                hint: "make a token at https://huggingface.co/settings/tokens", status: .configuration)
        }
        return token
    }

    private static func stored(in file: URL) -> (String, String)? {
        guard let data = try? ConfigurationFile.read(file, atMost: 1 << 16) else { return nil }
        return clean(String(decoding: data, as: UTF8.self)).map { (file.path, $0) }
    }

    private static func clean(_ text: String) -> String? {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }
}

/// The paths that huggingface_hub derives from the environment.
private struct HubPaths {
    let cache, token: URL

    init(_ environment: [String: String]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }.map { expand($0, environment) }
        }
        func directory(_ path: String) -> URL { URL(filePath: path, directoryHint: .isDirectory) }
        let home =
            environment["HOME"].map { directory($0) } ?? FileManager.default.homeDirectoryForCurrentUser
        let caches = value("XDG_CACHE_HOME").map(directory) ?? home.appending(path: ".cache")
        let base = value("HF_HOME").map(directory) ?? caches.appending(path: "huggingface")
        cache =
            value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE").map(directory)
            ?? base.appending(path: "hub", directoryHint: .isDirectory)
        token = value("HF_TOKEN_PATH").map { URL(filePath: $0) } ?? base.appending(path: "token")
    }
}

/// `~`, `$NAME` and `${NAME}` in a path, as Python's `expanduser` and `expandvars`; unknown variables stay.
private func expand(_ path: String, _ environment: [String: String]) -> String {
    var path = path
    if path == "~" || path.hasPrefix("~/"), let home = environment["HOME"] {
        path = home + path.dropFirst()
    }
    return path.replacing(#/\$(?:\{(\w+)\}|(\w+))/#) { match in
        environment[String(match.1 ?? match.2 ?? "")] ?? String(match.0)
    }
}
