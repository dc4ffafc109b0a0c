import Foundation
import Support

/// What a server says about a request that it does not answer: `{"error": {"message", "code", "type"}}`, `{"error": TEXT}`,
/// `{"detail": …}`, `{"message": TEXT}`, or any text.
struct ServerMessage {
    /// One line without keys, of bounded length.
    private(set) var text: String
    /// The status that the message itself names, as gateways do in an answer with status 200.
    private(set) var status: Int?
    private var code = ""

    private static let longest = 300

    /// The message in a body.
    init(_ body: String, _ credentials: EndpointCredentials) {
        guard let value = try? OrderedJSON(Data(body.utf8), name: "the answer") else {
            let isPage = body.trimmingCharacters(in: .whitespacesAndNewlines).hasPrefix("<")
            self.init(.string(isPage ? "a web page" : body), credentials)
            return
        }
        let inner = value["error"] ?? .null
        self.init(inner == .null ? value : inner, credentials)
    }

    /// An error object, or a text in its place.
    init(_ error: OrderedJSON, _ credentials: EndpointCredentials) {
        func string(_ value: OrderedJSON?) -> String? {
            switch value {
            case .string(let text)?: text
            case .integer(let number)?: String(number)
            default: nil
            }
        }
        let message =
            string(error) ?? string(error["message"]) ?? string(error["detail"]) ?? error["detail"]?.text
        text = Self.line(message ?? error.text, credentials)
        code = [string(error["code"]), string(error["type"])].compactMap { $0 }.joined(separator: " ")
            .lowercased()
        let number = string(error["code"]).flatMap { Int($0) } ?? string(error["status"]).flatMap { Int($0) }
        if let number, (400..<600).contains(number) {
            status = number
        } else if code.contains("rate_limit") || code.contains("overloaded") || code.contains("too_many") {
            status = 429
        } else if code.contains("server_error") || code.contains("timeout") || code.contains("unavailable") {
            status = 503
        } else if code.contains("authentication") || code.contains("invalid_api_key") {
            status = 401
        }
    }

    var isEmpty: Bool { text.isEmpty }

    /// Whether waiting does not help: the account has nothing left.
    var saysQuotaIsUsedUp: Bool { code.contains("insufficient_quota") || code.contains("billing") }

    private static func line(_ text: String, _ credentials: EndpointCredentials) -> String {
        let words = credentials.redactedMessage(text).split(whereSeparator: \.isWhitespace)
        let line = words.joined(separator: " ")
        return line.count <= longest ? line : line.prefix(longest) + "…"
    }
}
