import Foundation

/// The beginning of a server's answer: status and header fields.
package struct HTTPReply: Sendable {
    /// What was asked for.
    package let url: URL
    /// The status code.
    package let status: Int
    /// By name in lower case.
    private let fields: [String: String]

    /// Longer header fields are ignored: no field that is read here has more than a few hundred bytes.
    private static let longestField = 8192

    package init(url: URL, status: Int, fields: [String: String]) {
        (self.url, self.status) = (url, status)
        self.fields = Dictionary(
            fields.map { ($0.lowercased(), $1) }, uniquingKeysWith: { first, _ in first })
    }

    /// A header field without space around it; nil if it is missing or empty.
    package subscript(_ name: String) -> String? {
        guard let value = fields[name.lowercased()], value.utf8.count <= Self.longestField else { return nil }
        let text = value.trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
    }

    /// A header field that is a number of bytes or seconds; nil if it is not one.
    package func count(_ name: String) -> Int? {
        guard let text = self[name], text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    /// Where a redirection leads; nil for any other answer, and where it leads to no web address.
    package var redirection: URL? {
        guard [301, 302, 303, 307, 308].contains(status), let text = self["location"],
            let target = URL(string: text, relativeTo: url)?.absoluteURL,
            ["http", "https"].contains(target.scheme?.lowercased()), target.host()?.isEmpty == false
        else { return nil }
        return target
    }

    /// The first byte of a partial answer's range; nil if it has none.
    package var rangeStart: Int? {
        guard let match = self["content-range"]?.wholeMatch(of: /bytes (\d+)-\d+\/(?:\d+|\*)/) else {
            return nil
        }
        return Int(match.1)
    }
}

extension URL {
    /// Whether two addresses have the same scheme, host and port: what belongs to one may be told the other.
    package func hasOrigin(of other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
        return scheme?.lowercased() == other.scheme?.lowercased() && port(self) == port(other)
            && host()?.lowercased() == other.host()?.lowercased()
    }

    /// The address without the name and password that it may hold, for messages.
    package var withoutCredentials: String {
        guard var parts = URLComponents(url: self, resolvingAgainstBaseURL: true) else { return place }
        (parts.user, parts.password) = (nil, nil)
        return parts.string ?? place
    }

    /// The host with its port, for messages: never a password or a signature.
    package var place: String {
        let host = host() ?? "?"
        return (host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host)
            + (port.map { ":\($0)" } ?? "")
    }
}
