import Foundation

/// The beginning of an answer, line by line: a status line, header fields, an empty line.
struct ReplyHead {
    private var status = 0
    private var fields: [String: String] = [:]
    /// Whether the answer's own header has ended: what follows the body are no header fields of it.
    private var isComplete = false

    /// Takes a line with its end.
    ///
    /// - Returns: the whole of it after the empty line, once; none for an answer before the answer, such as `100 Continue`
    mutating func add(_ line: some Collection<UInt8>, to url: URL) -> HTTPReply? {
        guard !isComplete else { return nil }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty {
            guard status >= 200 else { return nil }
            isComplete = true
            return HTTPReply(url: url, status: status, fields: fields)
        }
        if let match = text.prefixMatch(of: /HTTP\/[0-9.]+ +(\d{3})/) {
            (status, fields) = (Int(match.1) ?? 0, [:])
        } else if let colon = text.firstIndex(of: ":") {
            let name = text[..<colon].lowercased()
            fields[name] = fields[name] ?? String(text[text.index(after: colon)...])
        }
        return nil
    }
}
