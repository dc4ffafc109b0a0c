import Foundation
import Support
import TestSupport
import Testing

@testable import Jinja

/// Small templates and expressions give what transformers' engine gives: text, errors and positions of `generation` blocks.
@Suite struct GoldenTests {
    @Test func expressionsEqualPythons() throws {
        var parser = JSONParser(
            try Data(contentsOf: golden("jinja/variables.json")), fileName: "variables.json")
        var variables: [String: JinjaValue] = [:]
        try parser.pull { parser in
            try parser.members { variables[$0] = try JinjaValue(parsing: &$1, origin: Origin(1)) }
        }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: golden("jinja/expressions.json")))
        let pairs = try #require(json as? [[Any]])
        #expect(pairs.count > 15_000)
        var wrong: [String] = []
        for pair in pairs {
            let source = try #require(pair[0] as? String)
            let expected = pair[1] as? String
            let text = try? JinjaTemplate("{{ \(source) }}").render(variables).text
            // Not String's equality, to which canonically equivalent texts are equal.
            if text.map({ Array($0.utf8) }) != expected.map({ Array($0.utf8) }) {
                wrong.append("\(source): \(text ?? "error"), not \(expected ?? "error")")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(20))")
    }

    /// A template with its variables, and what Python makes of it.
    struct Case {
        var template = ""
        var variables: [String: JinjaValue] = [:]
        var text: String?
        var error: String?
        var generations: [[Int]] = []

        /// All cases of a file. They are not decoded, since keys of variables have an order and 1.0 is not 1.
        static func all(_ name: String) throws -> [Case] {
            var parser = JSONParser(try Data(contentsOf: golden("jinja/\(name)")), fileName: name)
            var cases: [Case] = []
            try parser.pull { parser in
                try parser.elements { parser in
                    var test = Case()
                    try parser.members { key, parser in try test.read(key, &parser) }
                    cases.append(test)
                }
            }
            return cases
        }

        private mutating func read(_ key: String, _ parser: inout JSONParser) throws {
            switch (key, key == "variables" ? .null : try parser.value()) {
            case ("variables", _):
                try parser.members { name, parser in
                    variables[name] = try JinjaValue(parsing: &parser, origin: Origin(1))
                }
            case ("template", .string(let value)): template = value
            case ("text", .string(let value)): text = value
            case ("error", .string(let value)): error = value
            case ("generations", .array(let blocks)):
                generations = blocks.map { block in
                    guard case .array(let bounds) = block else { return [] }
                    return bounds.map { if case .integer(let bound) = $0 { bound } else { -1 } }
                }
            default: Issue.record("unexpected \(key)")
            }
        }
    }

    @Test func templatesEqualPythons() throws {
        let cases = try Case.all("templates.json")
        #expect(cases.count > 200)
        for test in cases {
            var variables: [String: JinjaValue] = [
                "messages": try .list([]), "tools": .none, "documents": .none,
                "add_generation_prompt": .bool(false),
            ]
            variables.merge(test.variables) { $1 }
            switch Self.outcome(test.template, variables) {
            case .success(let rendered):
                #expect(rendered.text == test.text, "\(test.template)")
                let blocks = test.generations.filter { $0[0] < $0[1] }
                #expect(
                    rendered.generations.map { [$0.lowerBound, $0.upperBound] } == blocks, "\(test.template)")
            case .failure(let error):
                let message = try #require(test.error, "\(test.template): \(error)")
                #expect((error.kind == .raised) == !message.isEmpty, "\(test.template): \(error)")
                if !message.isEmpty { #expect(error.message == message) }
            }
        }
    }

    private static func outcome(
        _ source: String, _ variables: [String: JinjaValue]
    ) -> Result<RenderedText, JinjaError> {
        do throws(JinjaError) { return .success(try JinjaTemplate(source).render(variables)) } catch {
            return .failure(error)
        }
    }

    @Test func datesEqualPythons() throws {
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: golden("jinja/dates.json")))
        let rows = try #require(json as? [[Any]])
        #expect(rows.count > 50)
        let template = try JinjaTemplate("{{ strftime_now(format) }}")
        let zone = try #require(TimeZone(secondsFromGMT: 0))
        for row in rows {
            let (seconds, format) = (try #require(row[0] as? Double), try #require(row[1] as? String))
            let text = try template.render(
                ["format": .text(format, origin: Origin(1))], date: Date(timeIntervalSince1970: seconds),
                timeZone: zone
            ).text
            #expect(text == row[2] as? String, "\(seconds): \(format)")
        }
    }

    @Test func errorsNameTheLine() throws {
        #expect(throws: JinjaError(.undefined, "'x' is undefined", line: 3)) {
            try JinjaTemplate("a\n{% if true %}\n{{ x.y }}\n{% endif %}").render([:])
        }
        #expect(throws: JinjaError(.syntax, "no filter named 'y'", line: 2)) {
            try JinjaTemplate("\n{{ x|y }}")
        }
        #expect(throws: JinjaError(.raised, "No.", line: 1)) {
            try JinjaTemplate("{{ raise_exception('No.') }}").render([:])
        }
    }
}
