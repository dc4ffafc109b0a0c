import Testing

@testable import Jinja

/// Who wrote which character of a rendered text.
@Suite struct OriginTests {
    /// The text with what inputs wrote between brackets.
    private func marked(_ template: String, _ variables: [String: JinjaValue]) throws -> String {
        let rendered = try JinjaTemplate(template).render(variables)
        let bytes = Array(rendered.text.utf8)
        #expect(rendered.runs.map(\.range.count).reduce(0, +) == bytes.count)
        return rendered.runs.map { run in
            let part = String(decoding: bytes[run.range], as: UTF8.self)
            return run.origin == .template ? part : "[\(part)]"
        }.joined()
    }

    @Test func literalsAreTheTemplatesAlsoWhereTheyEqualAMessage() throws {
        let name = JinjaValue.text("user", origin: Origin(1))
        #expect(try marked("user {{ 'user' }} {{ m }}", ["m": name]) == "user user [user]")
    }

    @Test(arguments: [
        ("{{ m[1:3] }}{{ m[-1] }}", "[bcd]"),
        ("{{ 'X' + m + 'Y' }}", "X[abcd]Y"),
        ("{{ m.split('c')|join('X') }}", "[ab]X[d]"),
        ("{{ m|replace('b', 'X') }}", "[a]X[cd]"),
        ("{{ 'XaY'|replace('a', m) }}", "X[abcd]Y"),
        ("{{ m|upper }}{{ m|center(6) }}", "[ABCD] [abcd] "),
        ("{{ [m, 'X']|tojson }}", "[\"[abcd]\", \"X\"]"),
        ("{{ (m ~ '\\n')|tojson }}", "\"[abcd]\\n\""),
        ("{{ [m] }}", "['[abcd]']"),
        ("{{ '%s-%5s'|format(m, m) }}", "[abcd]- [abcd]"),
        ("{{ 'X{}Y{0}'.format(m) if false else 'X{}'.format(m) }}", "X[abcd]"),
        ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(m)|upper }}", "<[ABCD]>"),
        ("{% set x %}A{{ m }}{% endset %}{{ x[::-1] }}", "[dcba]A"),
        ("{% for c in m %}{{ c }},{% endfor %}", "[a],[b],[c],[d],"),
        ("{{ m|indent(2, true) }}", "  [abcd]"),
        ("{{ m * 2 }}{{ n }}", "[abcdabcd]7"),
    ])
    func operationsKeepAuthors(_ template: String, _ expected: String) throws {
        #expect(try marked(template, ["m": .text("abcd", origin: Origin(1)), "n": .int(7)]) == expected)
    }

    @Test func escapesBelongToTheCharacterTheyStandFor() throws {
        let text = JinjaValue.text("a\n\"", origin: Origin(3))
        #expect(try marked("{{ m|tojson }}", ["m": text]) == #""[a\n\"]""#)
        #expect(try marked("{{ [m] }}", ["m": text]) == "['[a\\n\"]']")
        #expect(try marked("{{ m|e }}", ["m": text]) == "[a\n&#34;]")
    }
}
