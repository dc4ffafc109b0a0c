import Foundation
import Support
import Testing

@Suite struct JSONLinesTests {
    private struct Record: Codable, Equatable {
        var text: String
        var turns: [Turn]?
        struct Turn: Codable, Equatable { var n: Int }
    }

    private func all(_ url: URL) throws -> [JSONLines.Line] {
        var result: [JSONLines.Line] = []
        try JSONLines(contentsOf: url).forEach { result.append($0) }
        return result
    }

    @Test func numbersLinesAndSkipsBlankOnes() throws {
        let scratch = try Scratch()
        let lines = try all(scratch.file("a", "\u{FEFF}{\"a\":1}\r\n\n \t\n{}\n  [é]"))
        #expect(lines.map(\.text) == ["{\"a\":1}", "{}", "  [é]"])
        #expect(lines.map(\.number) == [1, 4, 5])
        #expect(lines.map(\.offset) == [3, 16, 19])
    }

    @Test(arguments: ["", "\n", "\n\n\n", "\u{FEFF}", "\r\n"])
    func aFileWithoutRecordsHasNoLines(content: String) throws {
        let scratch = try Scratch()
        #expect(try all(scratch.file("a", content)).isEmpty)
    }

    @Test func linesOfAllLengthsSurviveTheBuffer() throws {
        let scratch = try Scratch()
        // Around the buffer's 262,144 bytes, where a line straddles two reads or fills the buffer.
        let lengths = [1, 262_143, 262_144, 262_145, 7, 600_000, 100, 262_142, 1_100_000, 3]
        let expected = lengths.enumerated().map { String(repeating: Character(String($0)), count: $1) }
        for ending in ["", "\n"] {
            let url = try scratch.file("a", expected.joined(separator: "\n") + ending)
            let lines = try all(url)
            #expect(lines.map(\.text) == expected)
            let content = try Data(contentsOf: url)
            for line in lines { #expect(content[line.offset...].starts(with: line.bytes)) }
        }
    }

    @Test func invalidTextIsPlaced() throws {
        let scratch = try Scratch()
        let url = try scratch.file(
            "corpus.jsonl", Data("{\"a\": 1}\n\n{\"text\": \"".utf8) + [0xE9, 0x22, 0x7D, 10])
        let error = try userError { _ = try all(url) }
        #expect(error.description == "\(url.path):3: not valid UTF-8 at byte 11; save the file as UTF-8")
        #expect(error.status == .dataFormat)
        let utf16 = try scratch.file("b", try #require("{}".data(using: .utf16)))
        #expect(try userError { _ = try all(utf16) }.line == 1)
    }

    @Test func aLineWithoutEndIsRefused() throws {
        let scratch = try Scratch()
        let url = try scratch.file("a", "{}\n")
        #expect(truncate(url.path, off_t(JSONLines.longestLine + 10)) == 0)
        let error = try userError { _ = try all(url) }
        #expect(error.line == 2)
        #expect(error.problem.contains("longer than"))
    }

    @Test func badRecordsAreExplained() throws {
        let scratch = try Scratch()
        let explained = [
            #"{"text": "a""#: "not valid JSON",
            #"{"txet": "a"}"#: "the key \"text\" is missing",
            #"{"text": 3}"#: "\"text\" is not a string",
            #"{"text": null}"#: "\"text\" is null, not a string",
            #"{"text": "a", "turns": [{"n": 1}, {"n": "x"}]}"#: "\"turns[1].n\" is not an integer",
            #"{"text": "a", "turns": {}}"#: "\"turns\" is not a list",
            #"[]"#: "the value is not an object",
        ]
        for (json, problem) in explained {
            let line = try #require(try all(scratch.file("c.jsonl", "\n" + json)).first)
            let error = try userError { _ = try line.decode(Record.self) }
            #expect(error.problem == problem)
            #expect(error.line == 2)
            #expect(error.file == scratch.url.appendingPathComponent("c.jsonl").path)
        }
        let line = try #require(try all(scratch.file("c.jsonl", #"{"text": "a", "more": 1}"#)).first)
        #expect(try line.decode(Record.self) == Record(text: "a"))
    }

    @Test func missingFilesAndDirectoriesAreInputErrors() throws {
        let scratch = try Scratch()
        #expect(try userError { _ = try all(scratch.url) }.status == .noInput)
        #expect(try userError { _ = try all(scratch.url.appendingPathComponent("x")) }.status == .noInput)
    }

    @Test func utf8IsJudgedAsSwiftJudgesIt() {
        // Every sequence of up to three bytes from one of each class, and four-byte sequences at the limits.
        let classes: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
            0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        func check(_ bytes: [UInt8]) {
            let fault = bytes.withUnsafeBytes { UTF8Validation.firstFault(in: $0) }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            if (fault == nil) != isValid { Issue.record("\(bytes): fault \(String(describing: fault))") }
            if let fault {
                if String(validating: bytes[..<fault], as: UTF8.self) == nil {
                    Issue.record("\(bytes): prefix")
                }
            }
        }
        for a in classes {
            for b in classes {
                for c in classes {
                    check([a, b, c])
                    for prefix in [0xF0, 0xF4, 0xE2] as [UInt8] { check([prefix, a, b, c]) }
                    check(Array("12345678".utf8) + [a, b, c] + Array("1234567".utf8))
                }
            }
        }
    }
}
