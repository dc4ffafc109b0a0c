import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct TableRowsTests {
    private func rows(_ text: String, _ name: String = "t.csv") throws -> [TableRows.Row] {
        try withFiles([name: text]) { try TableRows(contentsOf: $0[0]).rows }
    }

    @Test func quotedValuesHoldSeparatorsQuotesAndLineBreaks() throws {
        let found = try rows("topic,who\r\n\"bread, and \"\"rye\"\"\",\"a\nb\"\r\nplain,x\r\n")
        #expect(
            found.map(\.values) == [
                ["topic": "bread, and \"rye\"", "who": "a\nb"], ["topic": "plain", "who": "x"],
            ])
        #expect(found.map(\.line) == [1, 2])
    }

    @Test func tabsSeparateTheValuesOfATSVFile() throws {
        #expect(try rows("a\tb\n1,5\t2\n", "t.tsv").map(\.values) == [["a": "1,5", "b": "2"]])
    }

    @Test func valuesOfJSONAreTexts() throws {
        let found = try rows(
            #"{"a": "x", "n": 3, "l": [1, "y"], "z": null}"# + "\n\n" + #"{"a": "w"}"#, "t.jsonl")
        #expect(found[0].values == ["a": "x", "n": "3", "l": #"[1,"y"]"#, "z": "null"])
        #expect(found.map(\.line) == [1, 3])
    }

    @Test func aByteOrderMarkIsNoPartOfTheFirstName() throws {
        #expect(try rows("\u{FEFF}a,b\n1,2\n")[0].values == ["a": "1", "b": "2"])
    }

    @Test func blankLinesAreNoRows() throws {
        #expect(
            try rows("a,b\n1,2\n\n3,4\n\n").map(\.values) == [["a": "1", "b": "2"], ["a": "3", "b": "4"]])
    }

    @Test(arguments: [
        ("a,b\n1,2,3\n", "row 1 has 3 values, the first line 2 names"),
        ("a,b\n1\n", "row 1 has 1 values, the first line 2 names"),
        ("a,a\n1,2\n", "two columns are named \"a\""),
        ("a,b\n", "has no row"), ("", "has no row"),
    ])
    func whatIsNoTableIsRefused(text: String, problem: String) throws {
        let error = #expect(throws: UserError.self) { try rows(text) }
        #expect(error?.problem == problem)
    }

    @Test func anUnclosedQuoteIsRefused() throws {
        #expect(throws: UserError.self) { try rows("a,b\n\"1,2\n3,4\n") }
    }

    @Test func otherFilesAreRefused() throws {
        let error = #expect(throws: UserError.self) { try rows("x", "t.xlsx") }
        #expect(error?.problem == "a table of kind .xlsx")
    }
}
