import Foundation
import Support
import Testing

/// Faults found, line 23: nothing in a text from a file may steer the terminal it is shown on.
@Suite struct TerminalSafeTests {
    @Test(arguments: [
        ("\u{1B}]0;title\u{07}", "\\u{1B}]0;title\\u{7}"), ("\u{9B}31mred", "\\u{9B}31mred"),
        ("evil\u{202E}fdp.exe", "evil\\u{202E}fdp.exe"), ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
        ("\u{200E}\u{200F}\u{061C}", "\\u{200E}\\u{200F}\\u{61C}"), ("a\r\nb", "a\\r\\nb"),
        ("\u{7F}\u{0}\u{08}", "\\u{7F}\\u{0}\\u{8}"), ("a\u{2028}b", "a\\u{2028}b"),
        ("Größe 😀👩‍👩‍👧 שלום", "Größe 😀👩‍👩‍👧 שלום"), ("a\tb", "a\\tb"),
    ])
    func charactersThatTerminalsObeyAreSpelledOut(text: String, shown: String) {
        #expect(text.terminalSafe == shown)
        #expect(text.terminalSafe.terminalSafe == shown)
    }

    @Test func linesAndTabsCanBeKept() {
        #expect("a\n\tb\u{1B}\r".terminalSafe(keepingLines: true) == "a\n\tb\\u{1B}\\r")
    }

    @Test func escapedJSONMeansTheSame() throws {
        let text = "\u{7F}\u{9B}31m\u{202E}\u{2028}\n\tä"
        let json = String(decoding: try JSONEncoder().encode([text]), as: UTF8.self).terminalSafeJSON
        #expect(json.terminalSafe(keepingLines: true) == json)
        #expect(try JSONDecoder().decode([String].self, from: Data(json.utf8)) == [text])
    }

    @Test func messagesAreOneLineWithoutControlCharacters() {
        let error = UserError("no tensor \u{1B}[2Jx\ny", file: "a\u{202E}b", line: 3, hint: "give \u{9D}it")
        #expect(error.description == "a\\u{202E}b:3: no tensor \\u{1B}[2Jx\\ny; give \\u{9D}it")
    }
}
