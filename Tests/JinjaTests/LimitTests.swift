import Foundation
import Testing

@testable import Jinja

/// Hostile templates end in an error, on a small stack.
@Suite struct LimitTests {
    /// Runs `body` on a thread with 512 KB of stack, macOS' size for threads that are not the first.
    static func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
    }

    /// The error of reading and rendering a template on a small stack, nil if there is none.
    static func error(
        _ template: String, _ variables: [String: JinjaValue] = [:], limits: RenderLimits = tight
    ) -> JinjaError? {
        final class Box: @unchecked Sendable { var error: JinjaError? }
        let box = Box()
        onSmallStack {
            do throws(JinjaError) { _ = try JinjaTemplate(template).render(variables, limits: limits) } catch
            { box.error = error }
        }
        return box.error
    }

    /// A debug build takes ten times as long as an optimized one.
    static let tight = RenderLimits(steps: 300_000, outputBytes: 1 << 20, intermediateBytes: 16 << 20)

    @Test(arguments: [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{% for i in [1, 2] %}{% if true %}{{ g(f()) }}{% endif %}{% endfor %}{% endmacro %}{{ f() }}",
        "{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ 'a' * 10 ** 9 }}", "{{ [0] * 10 ** 9 }}", "{{ 'a'|center(10 ** 9) }}",
        "{{ 'a'.ljust(10 ** 12) }}",
        "{{ 'a'|indent(10 ** 9) }}", "{{ '%1000000000d' % 1 }}", "{{ '{:1000000000}'.format(1) }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ 'a'.zfill(10 ** 15) }}", "{{ '\\t'.expandtabs(10 ** 9) }}", "{{ [1]|batch(10 ** 9, 0)|list }}",
        "{{ [1]|slice(10 ** 9)|list }}", "{{ [[1]]|tojson(indent=10 ** 9) }}", "{{ 9 ** 99 }}",
        "{{ 9223372036854775807 + 1 }}",
        "{% set n = namespace(x='a') %}{% for i in range(100) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(100) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(100) %}{% set n.x = n.x ~ n.x|replace('a', 'aa') %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(100000) %}{% set n.x = [n.x] %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(100000) %}{% set n.x = {'a': n.x} %}{% endfor %}",
        "{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = n.x|map('upper') %}{% endfor %}{{ n.x|list }}",
        "{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = cycler(n.x) %}{% endfor %}",
        "{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = [n.x].index %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(120) %}{% set n.x = [n.x] %}{% endfor %}{% macro f() %}{{ n.x|tojson }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set n = namespace(x=1) %}{% for i in range(120) %}{% set n.x = [n.x] %}{% endfor %}{% macro f() %}{{ n.x ~ (n.x == n.x[:]) ~ (n.x < n.x[:]) }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set n = namespace() %}{% set n.x = n %}{{ n }}",
        "{% set n = namespace() %}{% set n.x = [[[n]]] %}{{ n }}",
        "{% set n = namespace() %}{% set n.x = [n] %}{{ [n]|string }}",
        "{{ range(100000)|list|tojson }}{{ range(100000)|map('string')|map('center', 10000)|join }}",
        "{% set s = 'a' * 100000 %}{% for i in range(100000) %}{{ s.find(s[1:] ~ 'b') }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{{ s.find('a' * 500000 ~ 'b') }}{{ s.rfind('b' ~ 'a' * 500000) }}{{ s.count('a' * 500000 ~ 'b') }}",
        "{% set s = '\u{e9}' * 100000 %}{% for i in range(100000) %}{{ s[i] }}{% endfor %}",
        "{% set s = 'x ' * 100000 %}{{ s.split() * 1000 }}", "{{ 'a' * 1000000 }}{{ 'a' * 1000000 }}",
        "{% set l = range(100000)|list %}{% for i in l %}{{ -1 in l }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in l %}{{ l|sort|first }}{% endfor %}",
        "{% for i in range(100000) %}{% macro m() %}{% endmacro %}{{ m() }}{% set n = namespace() %}{% endfor %}",
        "{{ ('a' * 10000)|wordwrap(1) }}{{ ('a ' * 1000000)|wordwrap(1) }}", "{{ '%s' * 1000000 % 1 }}",
    ])
    func hostileTemplatesMeetALimit(_ template: String) throws {
        let error = try #require(Self.error(template), "\(template)")
        #expect(error.kind == .limit || error.kind == .runtime, "\(template): \(error)")
    }

    /// What is nested too deeply, each with what is nested in the middle.
    @Test(arguments: [
        ("(", "1", ")"), ("[", "1", "]"), ("{1:", "1", "}"), ("not ", "1", ""), ("-", "1", ""),
        ("(not ", "1", ")"), ("1 if ", "1", ""),
        ("1 if 1 else ", "1", ""), ("", "x", ".a"), ("", "x", "|string"), ("", "x", "['a']"),
        ("f(", "1", ")"), ("'a'|replace(", "1", ", 1)"),
        ("1 + (", "1", ")"), ("", "1", " + 1"), ("", "1", " and 1"), ("", "1", " ~ 1"), ("", "1", " ** 1"),
        ("", "1", " < 1"), ("x[", "1", "]"),
        ("x[1:", "1", "]"), ("1 is eq ", "1", ""), ("", "1", " is defined"), ("x is not in [", "1", "]"),
        ("1 if (2 or (3 and (not 4 < 5 + 6 ~ 7 * (", "1", ")))) else 2"),
    ])
    func deepExpressionsAreRefusedOrRendered(_ open: String, _ middle: String, _ close: String) {
        for depth in [10, 100, 2000] {
            let nested =
                String(repeating: open, count: depth) + middle + String(repeating: close, count: depth)
            _ = Self.error("{{ \(nested) }}")
            _ = Self.error("{% if \(nested) %}{% endif %}{% for (a) in \(nested) %}{% endfor %}")
        }
    }

    @Test(arguments: [
        ("{% if 1 %}", "{% endif %}"), ("{% for i in [1] %}", "{% endfor %}"),
        ("{% set x %}", "{% endset %}"), ("{% with %}", "{% endwith %}"),
        ("{% filter upper %}", "{% endfilter %}"), ("{% macro f() %}", "{% endmacro %}"),
        ("{% call f() %}", "{% endcall %}"),
        ("{% generation %}", "{% endgeneration %}"), ("{% for i in [1] recursive %}", "{% endfor %}"),
        ("{% if 0 %}{% elif 1 %}", "{% endif %}"),
        ("{% if 0 %}{% else %}", "{% endif %}"), ("{% for i in [] %}{% else %}", "{% endfor %}"),
        ("{% if 1 %}{% elif 0 %}", "{% endif %}"),
    ])
    func deepBlocksAreRefused(_ open: String, _ close: String) {
        for depth in [20, 38, 100, 5000] {
            let template =
                String(repeating: open, count: depth) + "x" + String(repeating: close, count: depth)
            let error = Self.error(template)
            if depth > 40 { #expect(error?.kind == .limit, "\(depth) of \(open)") }
        }
        // Many that are not nested are no problem.
        _ = Self.error(String(repeating: open + close, count: 2000))
    }

    /// Long ones are read and rendered, or refused: names, arguments, elements, and tags that are not closed.
    @Test func longTemplatesAreReadOrRefused() {
        let count = 1000
        func repeated(_ part: (Int) -> String) -> String { (0..<count).map(part).joined() }
        let arguments = (0..<count).map { "a\($0)=1" }.joined(separator: ",")
        for template in [
            repeated { "{% set a\($0) = 1 %}{% if a\($0) %}{% set b\($0) = 1 %}{% endif %}" },
            "{% macro f(\(arguments)) %}{% endmacro %}{{ f(\(arguments)) }}", "{{ dict(\(arguments)) }}",
            "{{ '\(repeated { "{a\($0)}" })'.format(\(arguments)) }}", "{{ [\(repeated { "\($0)," })] }}",
            "{{ x\(repeated { _ in "|d" }) }}",
            "{{ f(\(arguments), **{'b': 1}) }}", "{{ {\(repeated { "\($0): 1," })} }}",
            "{% set \(repeated { "a\($0)," }) = x %}",
            repeated { _ in "{#" } + "#}", repeated { _ in "{% raw %}" } + "{% endraw %}",
            repeated { _ in "{{ '" }, repeated { _ in "{%  " },
        ] {
            _ = Self.error(template, ["x": .int(1)])
        }
    }

    @Test func manyAlternativesAreNotNested() throws {
        let branches = (0..<2000).map { "{% elif x == \($0) %}\($0)" }.joined()
        let template = "{% if false %}\(branches){% endif %}"
        #expect(try JinjaTemplate(template).render(["x": .int(1999)]).text == "1999")
    }

    @Test func deepInputsAreRefused() {
        var value = JinjaValue.int(1)
        var depth = 0
        #expect(throws: JinjaError.self) {
            while depth < 1000 {
                value = try .list([value])
                depth += 1
            }
        }
        #expect(depth == RenderBudget.deepestValue)
        for template in [
            "{{ x }}", "{{ x|tojson(indent=1) }}", "{{ x == x }}", "{{ x < x }}", "{{ [x]|unique|list }}",
        ] {
            _ = Self.error(template, ["x": value])
        }
    }

    /// A value that a test can see go.
    private final class Probe: JinjaObject, @unchecked Sendable {}

    @Test(arguments: [
        "{% set n = namespace(x=p) %}{% set n.n = n %}",
        "{% macro m() %}{{ m }}{% endmacro %}{% set q = p %}",
        "{% for x in [p] %}{% set l = loop %}{% endfor %}",
        "{% for x in [p] %}{% set l = loop %}{{ missing.x }}{% endfor %}",
        "{% for x in [[p]] recursive %}{{ loop(x) if x is iterable }}{{ y.x }}{% endfor %}",
        "{% macro m(a) %}{% macro i() %}{{ a }}{% endmacro %}{% set n.f = i %}{% endmacro %}{% set n = namespace() %}{{ m(p) }}",
        "{% set n = namespace() %}{% for x in [p] if n %}{% set n.l = loop %}{% endfor %}",
        "{% call missing(p) %}{% endcall %}",
        "{% set n = namespace(x=p) %}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% set n.l = n %}{% endcall %}",
        "{% set n = namespace() %}{% for x in [1, [p]] recursive %}{% set n.l = loop %}{{ loop(x) if x is iterable }}{% endfor %}",
    ])
    func nothingOutlivesARender(_ template: String) throws {
        weak var probe: Probe?
        do {
            let value = Probe()
            probe = value
            _ = try? JinjaTemplate(template).render(["p": .object(value)])
        }
        #expect(probe == nil, "\(template)")
    }
}
