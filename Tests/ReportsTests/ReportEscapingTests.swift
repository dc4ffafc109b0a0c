import Testing

@testable import Reports

/// Faults found, line 23: a report is read in terminals, too.
@Suite struct ReportEscapingTests {
    @Test(arguments: ["a\u{1B}]0;t\u{07}", "\u{9B}31m", "x\u{202E}y", "\u{2066}", "\u{7F}"])
    func controlCharactersReachNoReport(text: String) {
        for escaped in [
            text.markdownEscaped, text.htmlEscaped, TextTable(rows: [[text]]).text(colour: false),
        ] {
            #expect(escaped.contains("u{") || escaped.contains("u\\{"), "\(escaped)")
            #expect(
                !escaped.unicodeScalars.contains {
                    $0.value < 32 || (127..<160).contains($0.value) || $0.value > 8000
                })
        }
    }

    @Test func lineBreaksInMarkdownStaySpaces() {
        #expect("a\r\nb\nc\u{2028}d".markdownEscaped == "a b c d")
    }
}
