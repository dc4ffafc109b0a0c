extension String {
    /// Safe as HTML text and in a quoted attribute.
    var htmlEscaped: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
            .filter { !$0.unicodeScalars.contains { $0.value < 32 && !"\t\n\r".unicodeScalars.contains($0) } }
    }

    /// Safe in Markdown text and table cells: nothing in it is markup, and it stays on its line.
    var markdownEscaped: String {
        var escaped = ""
        for character in self {
            if character.isNewline {
                escaped += " "
            } else if "\\`*_{}[]<>#|&~".contains(character) {
                escaped += "\\\(character)"
            } else {
                escaped.append(character)
            }
        }
        return escaped
    }
}
