import Support
import Testing

@testable import Jinja

/// Random chains of operations: the template writes capital letters only, the message small ones only, so the letters of a rendered text
/// tell who must have written them.
@Suite struct OriginPropertyTests {
    /// Operations that keep the case of letters.
    private static let operations = [
        "[1:]", "[:-1]", "[::-1]", "[1::2]", "|trim", "|reverse", "|replace('a', 'X')", "|replace('B', m)",
        "|replace('', 'Q', 3)",
        "|indent(1, true)", "|center(30)", "|truncate(9, true, 'E', 0)", "|list|join('J')",
        "|list|join(m[:2])", "|wordwrap(4, wrapstring='W')", "|string",
        "|tojson", "|batch(2, 'F')|map('join')|join", "|e", "|urlencode", "|format", "|sort|join",
        "|unique|join('U')", "|select|join", "|first", "|last",
        ".strip('aX ')", ".lstrip()", ".rstrip('b')", ".split('c')|join('S')", ".rsplit('a', 1)|last",
        ".splitlines()|join('L')", ".partition('b')|join('P')",
        ".rpartition('B')|join('R')", ".ljust(20, 'Z')", ".zfill(12)", ".expandtabs(3)", ".removeprefix('a')",
        ".join(['K', m])", ".replace('b', 'Y', 1)",
    ]
    private static let frames = [
        "{{ V }}", "{{ 'A' ~ V ~ 'B' }}", "{{ V + m + 'C' }}", "{{ [V, 'D'] }}", "{{ {m: V, 'H': m} }}",
        "{% set x = V %}G{{ x }}{{ x * 2 }}",
        "{% macro f(a, b='I') %}{{ b }}{{ a }}{{ caller() if caller }}{% endmacro %}{{ f(V) }}{% call f(V) %}{{ m }}M{% endcall %}",
        "{% filter trim %} N{{ V }} {% endfilter %}",
        "{% set x %}O{{ V }}{% endset %}{{ x[1:] }}{{ x|length }}",
        "{% for c in V %}{{ c }}{{ 'T' if loop.last }}{% endfor %}", "{{ '%s-%8s-%r' % (V, m, m) }}",
        "{{ '{:>9}{}{!r}'.format(V, 'A', m) }}",
        "{% set n = namespace(x=V) %}{% set n.x = n.x ~ 'B' ~ m %}{{ n.x }}", "{{ (V|safe) + '<' + m }}",
        "{{ d|tojson(indent=2) }}{{ V|tojson }}",
        "{{ d|dictsort|string }}{{ d.items()|list }}", "{% generation %}{{ V }}A{% endgeneration %}B{{ m }}",
    ]
    private static let messages = [
        "abcab", " a b\tc\n", "", "caf\u{e9} \u{1F600}\u{301}\r\nx\u{2028}y", "a\"b'c\\d<e>&%",
        "bbbbaaaacccc ", "%s{}",
    ]

    @Test func lettersTellTheAuthor() throws {
        var random = RandomStream(seed: 83, purpose: "origins")
        var rendered = 0
        for _ in 0..<4000 {
            var value = ["m", "('A' ~ m)", "(m ~ 'B' ~ m)", "'CDE'"][random.nextIndex(below: 4)]
            for _ in 0..<random.nextIndex(below: 5) {
                // Behind a filter there is no subscript, and some filters make no string.
                value = "(" + value + Self.operations[random.nextIndex(below: Self.operations.count)] + ")"
            }
            let template = Self.frames[random.nextIndex(below: Self.frames.count)].replacing("V", with: value)
            let message = JinjaValue.text(
                Self.messages[random.nextIndex(below: Self.messages.count)], origin: Origin(7))
            let map = JinjaValue.map(try JinjaMap([(.text("key", origin: Origin(7)), message)]))
            guard let result = try? JinjaTemplate(template).render(["m": message, "d": map]) else { continue }
            rendered += 1
            check(result, template)
        }
        #expect(rendered > 2000)
    }

    private func check(_ result: RenderedText, _ template: String) {
        let bytes = Array(result.text.utf8)
        var end = 0
        var last: Origin?
        for run in result.runs {
            #expect(run.range.lowerBound == end && !run.range.isEmpty && run.origin != last, "\(template)")
            (end, last) = (run.range.upperBound, run.origin)
            // "a", "d" and "e" are in words of Python and JSON, "A" to "F" in escapes of a message's characters.
            let text = String(decoding: bytes[run.range], as: UTF8.self)
            let foreign = run.origin == .template ? "bcxy" : "GHIJKLMNOPQRSTUVWXYZ"
            let wrong = text.contains { foreign.contains($0) }
            #expect(!wrong, "\(template): \(text.debugDescription) of \(run.origin)")
        }
        #expect(end == bytes.count, "\(template)")
    }
}
