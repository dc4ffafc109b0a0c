import Foundation
import Support
import TestSupport
import Testing

@testable import Jinja

/// Small templates and expressions give what transformers' engine gives: text, errors and positions of `generation` blocks.
@Suite struct GoldenTests {
    @Test func expressionsEqualPythons() throws {
        let variables = try Self.variables(
            OrderedJSON(Data(contentsOf: golden("jinja/variables.json")), name: "variables.json"))
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
        /// Bounds of `generation` blocks as JSON.
        var generations: [String] = []

        /// All cases of a file, keys of whose variables keep their order.
        static func all(_ name: String) throws -> [Case] {
            let json = try OrderedJSON(Data(contentsOf: golden("jinja/\(name)")), name: name)
            guard case .array(let tests) = json else { return [] }
            return try tests.map { json in
                var test = Case()
                if case .string(let template)? = json["template"] { test.template = template }
                if case .string(let text)? = json["text"] { test.text = text }
                if case .string(let error)? = json["error"] { test.error = error }
                if let variables = json["variables"] { test.variables = try GoldenTests.variables(variables) }
                if case .array(let blocks)? = json["generations"] { test.generations = blocks.map(\.text) }
                return test
            }
        }
    }

    private static func variables(_ json: OrderedJSON) throws -> [String: JinjaValue] {
        guard case .object(let members) = json else { return [:] }
        var variables: [String: JinjaValue] = [:]
        for member in members { variables[member.key] = try JinjaValue(member.value, origin: Origin(1)) }
        return variables
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
                let blocks = rendered.generations.map { "[\($0.lowerBound),\($0.upperBound)]" }
                #expect(blocks == test.generations.filter { !Self.isEmpty($0) }, "\(test.template)")
            case .failure(let error):
                let message = try #require(test.error, "\(test.template): \(error)")
                #expect((error.kind == .raised) == !message.isEmpty, "\(test.template): \(error)")
                if !message.isEmpty { #expect(error.message == message) }
            }
        }
    }

    /// Whether bounds like `[3,3]` have nothing between them.
    private static func isEmpty(_ bounds: String) -> Bool {
        let numbers = bounds.dropFirst().dropLast().split(separator: ",")
        return numbers[0] == numbers[1]
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

    @Test func messagesArePreparedAsTransformersDoes() throws {
        let json = """
            [{"role": "user", "content": null, "name": "x"}, {"reasoning": "r", "content": "c"}, {"thinking": "t", "a": 1}]
            """
        let messages = try JinjaValue(OrderedJSON(Data(json.utf8), name: "made"), origin: Origin(1))
        let prepared = try messages.preparedMessages()
        let text = try JinjaTemplate("{{ messages }}").render(["messages": prepared]).text
        #expect(
            text == "[{'role': 'user', 'name': 'x'}, "
                + "{'thinking': 'r', 'reasoning': 'r', 'content': 'c', 'reasoning_content': 'r'}, "
                + "{'thinking': 't', 'a': 1, 'reasoning_content': 't'}]")
        #expect(throws: JinjaError.self) { try JinjaValue.int(1).preparedMessages() }
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
