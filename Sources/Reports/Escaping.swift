import Support

extension String {
    /// Safe as HTML text and in a quoted attribute.
    var htmlEscaped: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
            .terminalSafe(keepingLines: true)
    }

    /// Safe in Markdown text and table cells: nothing in it is markup, and it stays on its line.
    var markdownEscaped: String {
        var escaped = ""
        // First the line breaks of all kinds, which become spaces; then what is left of control characters.
        for character in String(map { $0.isNewline ? " " : $0 }).terminalSafe {
            if "\\`*_{}[]<>#|&~".contains(character) {
                escaped += "\\\(character)"
            } else {
                escaped.append(character)
            }
        }
        return escaped
    }
}
