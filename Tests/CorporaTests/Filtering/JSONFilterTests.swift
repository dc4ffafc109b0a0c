import Foundation
import Support
import Testing

@testable import Corpora

@Suite struct JSONFilterTests {
    private func schema(_ text: String) throws -> OrderedJSON {
        try OrderedJSON(Data(text.utf8), name: "schema")
    }

    @Test func anAnswerThatIsNotJSONIsRemoved() throws {
        let filter = try JSONFilter()
        #expect(try reason(filter, #" {"a": [1, 2.5e3, null]} "#) == nil)
        #expect(try reason(filter, "Sure! {}")?.hasPrefix("the answer is not JSON: ") == true)
        #expect(try reason(filter, "```json\n{}\n```") != nil)
        #expect(try reason(try JSONFilter(acceptsFences: true), "```json\n{\"a\": 1}\n```\n") == nil)
    }

    @Test(
        arguments: [
            (#"{"name": "x", "age": 3}"#, nil), (#"{"name": "x", "age": 3.0, "tags": ["a"]}"#, nil),
            (#"[]"#, "not object"), (#"{"age": 3}"#, #"the key "name" is missing"#),
            (#"{"name": "", "age": 3}"#, "name: 0 characters, at least 1 wanted"),
            (#"{"name": "x", "age": 3.5}"#, "age: not integer"),
            (#"{"name": "x", "age": 200}"#, "age: 200, at most 150 wanted"),
            (#"{"name": "x", "age": 1, "more": 1}"#, #"the key "more" is not allowed"#),
            (#"{"name": "x", "age": 1, "tags": ["a", "z"]}"#, #"tags[1]: none of "a", "b""#),
            (#"{"name": "x", "age": 1, "tags": ["a", "b", "a"]}"#, "tags: 3 items, at most 2 wanted"),
            (#"{"name": "x", "age": 1, "code": "12"}"#, "code: does not match ^[A-Z]+$"),
        ] as [(String, String?)])
    func anAnswerMustFitTheSchema(_ answer: String, _ problem: String?) throws {
        let schema = try schema(
            #"""
            {"$schema": "x", "type": "object", "required": ["name", "age"], "additionalProperties": false,
             "properties": {"name": {"type": "string", "minLength": 1},
                            "age": {"type": "integer", "minimum": 0, "maximum": 150},
                            "code": {"type": ["string", "null"], "pattern": "^[A-Z]+$"},
                            "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["a", "b"]}}}}
            """#)
        #expect(
            try reason(try JSONFilter(schema: schema), answer)
                == problem.map { "the answer does not fit the schema: \($0)" })
    }

    @Test func aKeywordThatIsNotSupportedIsRefusedByName() throws {
        for (text, problem) in [
            (
                #"{"properties": {"a": {"anyOf": []}}}"#,
                #"properties.a: the keyword "anyOf" is not supported"#
            ),
            (#"{"type": "text"}"#, #""type" is "text""#),
            (#"{"pattern": "(a"}"#, #""(a": a "(" without its ")" (character 1)"#),
            (#"{"minLength": "1"}"#, #""minLength" is "1""#),
        ] {
            let fault = try #require(throws: FilterOptionFault.self) { try JSONFilter(schema: schema(text)) }
            #expect(fault.problem == problem)
        }
    }
}
