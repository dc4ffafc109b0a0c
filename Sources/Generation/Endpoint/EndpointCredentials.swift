import Foundation
import Support

extension Endpoint {
    /// Looks for the environment variables with keys.
    ///
    /// - Throws: `UserError` that names one which is missing or holds no key
    public func requireKeys() throws { _ = try EndpointCredentials(self) }
}

/// The keys of an endpoint, taken from the environment. They leave this type only as header fields of a request.
struct EndpointCredentials: Sendable {
    /// Header fields with their values.
    let fields: [(name: String, value: String)]
    /// What must not appear anywhere.
    private let secrets: [String]

    /// Shorter values are placeholders, such as `EMPTY` or `none`, which answers may contain.
    private static let shortestSecret = 12

    /// - Throws: `UserError` that names a variable which is missing or holds what no header field can; never its value.
    init(
        _ endpoint: Endpoint, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        var fields: [(name: String, value: String)] = []
        var secrets: [String] = []
        func read(_ variable: String) throws -> String {
            if let problem = Endpoint.problem(ofVariable: variable) {
                throw UserError(
                    "the key of \(endpoint.address.host): \(problem)", hint: Endpoint.variableHint,
                    status: .configuration)
            }
            let text = (environment[variable] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty else {
                throw UserError(
                    "the environment variable \(variable), for \(endpoint.address.host), is not set",
                    hint: "export \(variable)=…", status: .configuration)
            }
            // A line break would end the field and begin another.
            guard text.utf8.count <= 8192, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw UserError(
                    "the environment variable \(variable) holds characters that no key has",
                    status: .configuration)
            }
            return text
        }
        if let key = endpoint.key {
            let value = try read(key)
            fields.append(("Authorization", "Bearer \(value)"))
            secrets.append(value)
        }
        for (name, variable) in endpoint.headers.sorted(by: { $0.key < $1.key }) {
            let value = try read(variable)
            fields.append((name, value))
            secrets += [value] + value.split(separator: " ").map(String.init)
        }
        self.fields = fields
        self.secrets = Set(secrets.filter { $0.utf8.count >= Self.shortestSecret }).sorted {
            ($0.utf8.count, $0) > ($1.utf8.count, $1)
        }
    }

    /// A text without keys: servers repeat them in messages, whole or with stars in the middle.
    func redacted(_ text: String) -> String {
        var text = text
        for secret in secrets where text.contains(secret) { text = text.replacing(secret, with: "[key]") }
        return text
    }

    /// The same for a server's message, from which anything that looks like a key is removed too.
    func redactedMessage(_ text: String) -> String {
        redacted(text).replacing(#/\b(?:sk|pk|rk|key|gsk|hf|xai)[-_][A-Za-z0-9_\-*.…]{6,}/#, with: "[key]")
    }
}
