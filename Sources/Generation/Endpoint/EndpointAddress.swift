import Foundation
import HTTP
import Support

/// The base address of an OpenAI-compatible API, such as `https://api.openai.com/v1`; requests go to `/chat/completions` and
/// `/completions` below it.
///
/// A query stays behind the path of every request, as Azure has it: `…/openai/deployments/NAME?api-version=2024-10-21`.
public struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end.
    private let base: URLComponents

    /// Reads an address. The path of a route at its end is left out.
    ///
    /// - Throws: `UserError` for what is no address, and for one that holds a password or a key. The message does not repeat those.
    public init(_ text: String) throws {
        let text = text.trimmingCharacters(in: .whitespaces)
        guard var parts = URLComponents(string: text),
            ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false, parts.fragment == nil, parts.url != nil
        else {
            throw UserError(
                "not the address of an API: \"\(Self.shown(text))\"",
                hint: "for example http://127.0.0.1:8000/v1", status: .configuration)
        }
        guard parts.user == nil, parts.password == nil else {
            throw UserError(
                "the address of \(parts.host ?? "the API") holds a name or a password", hint: Self.keyHint,
                status: .configuration)
        }
        for item in parts.queryItems ?? [] where Self.isSecret(item.name) {
            throw UserError(
                "the address of \(parts.host ?? "the API") holds a key, as \"\(item.name.prefix(40))\"",
                hint: Self.keyHint, status: .configuration)
        }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        for route in ["/chat/completions", "/completions", "/models"] where path.hasSuffix(route) {
            path.removeLast(route.count)
            break
        }
        while path.hasSuffix("/") { path.removeLast() }
        parts.percentEncodedPath = path
        base = parts
    }

    private static let keyHint =
        "keys are taken from an environment variable, which \"key\" or \"headers\" names"

    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["key", "token", "secret", "password", "sig", "signature"].contains {
            name == $0 || name.hasSuffix("-\($0)") || name.hasSuffix("_\($0)") || name.hasSuffix("api\($0)")
        }
    }

    /// A text without what may be a password.
    private static func shown(_ text: String) -> String {
        let text = text.replacing(#/\/\/[^\/]*@/#, with: "//…@").replacing(#/\?.*/#, with: "?…")
        return text.count <= 200 ? text : text.prefix(200) + "…"
    }

    /// The address of a route, such as `chat/completions`.
    func url(of route: String) -> URL {
        var parts = base
        parts.percentEncodedPath += "/" + route
        // A sound base with a plain path behind it is an address.
        return parts.url!
    }

    public var description: String { base.string ?? host }

    /// The host with its port, for messages.
    var host: String { base.url?.place ?? "?" }

    /// Whether the path is empty: most servers have their routes below `/v1`.
    var isBare: Bool { base.percentEncodedPath.isEmpty }

    /// Whether a text is meant as an address rather than a path or a name.
    public static func isAddress(_ text: String) -> Bool {
        let text = text.lowercased()
        return text.hasPrefix("http://") || text.hasPrefix("https://")
    }
}
