import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct CorpusSplitTests {
    /// Splits lines; the result has the lines of each part.
    private func split(
        _ lines: [String], validation: Double = 0.2, test: Double = 0.2, key: String? = nil, seed: UInt64 = 1
    ) throws -> (parts: [[String]], summary: CorpusSplit.Summary) {
        try withFiles(["a.jsonl": lines.joined(separator: "\n")]) { files in
            let outputs = CorpusSplit.partNames.map {
                files[0].deletingLastPathComponent().appending(path: "\($0).out")
            }
            let summary = try CorpusSplit(validation: validation, test: test, key: key, seed: seed)
                .run(CorpusReader(files), to: outputs)
            let parts = try outputs.map {
                try String(contentsOf: $0, encoding: .utf8).split(separator: "\n").map(String.init)
            }
            return (parts, summary)
        }
    }

    private func chat(_ question: String, _ answer: String, _ more: String = "") -> String {
        #"{"messages": [{"role": "user", "content": "\#(question)"}, {"role": "assistant", "content": "\#(answer)"}]\#(more)}"#
    }

    @Test func everyLineIsInOnePartUnchangedAndInOrder() throws {
        let lines = (0..<500).map { chat("question \($0)", "a", #", "meta": {"extra": [\#($0), 1.50]}"#) }
        let (parts, summary) = try split(lines)
        #expect(parts.joined().sorted() == lines.sorted())
        for part in parts { #expect(part == lines.filter(Set(part).contains)) }
        #expect(summary.records == parts.map(\.count))
        #expect(summary.origins == parts.map(\.count))
        // Binomial with p = 0.2: a standard deviation of 9.
        #expect(abs(parts[1].count - 100) < 40 && abs(parts[2].count - 100) < 40)
    }

    @Test func answersToOneQuestionStayTogetherInAnyCaseAndPunctuation() throws {
        let lines = (0..<200).flatMap {
            [chat("Why is it \($0)?", "x"), chat("why  is it \($0)", "y"), chat("WHY IS IT \($0)!", "z")]
        }
        let (parts, summary) = try split(lines)
        #expect(summary.records == summary.origins.map { 3 * $0 })
        #expect(summary.largestOrigin == 3)
        #expect(parts.allSatisfy { !$0.isEmpty })
    }

    @Test func theOriginThatWasWrittenDecidesBeforeTheQuestion() throws {
        let lines = (0..<300).map {
            chat("question \($0)", "a", #", "meta": {"source": {"origin": "document \#($0 / 10)"}}"#)
        }
        let (parts, summary) = try split(lines)
        #expect(summary.origins.reduce(0, +) == 30)
        for part in parts {
            let documents = Set(part.map { $0.components(separatedBy: "document ")[1] })
            #expect(part.count == 10 * documents.count)
        }
    }

    @Test func aKeyOfTheUsersDecidesAndMustBeThere() throws {
        let lines = (0..<100).map { chat("q \($0)", "a", #", "topic": \#($0 % 25)"#) }
        #expect(try split(lines, key: "topic").summary.origins.reduce(0, +) == 25)
        let error = #expect(throws: UserError.self) {
            try split(lines + [chat("without", "a")], key: "topic")
        }
        #expect(error?.line == 101)
    }

    @Test func aRecordKeepsItsPartWhenTheCorpusGrows() throws {
        let lines = (0..<400).map { chat("question \($0)", "a") }
        let (few, many) = (try split(Array(lines[..<200])).parts, try split(lines).parts)
        for (part, larger) in zip(few, many) { #expect(Set(part).isSubset(of: larger)) }
        #expect(try split(lines, seed: 2).parts[2] != many[2])
    }

    @Test func aPartWithoutRecordsIsRefusedAndNothingIsWritten() throws {
        try withFiles(["a.jsonl": chat("only", "one")]) { files in
            let outputs = CorpusSplit.partNames.map {
                files[0].deletingLastPathComponent().appending(path: "\($0).out")
            }
            let error = #expect(throws: UserError.self) {
                try CorpusSplit(validation: 0.1, test: 0.1, seed: 1).run(CorpusReader(files), to: outputs)
            }
            #expect(error?.problem.contains("only 1 origins") == true)
            #expect(!outputs.contains { FileManager.default.fileExists(atPath: $0.path) })
        }
    }

    @Test func aPartThatIsNotWantedIsEmpty() throws {
        let (parts, _) = try split((0..<50).map { chat("q \($0)", "a") }, validation: 0, test: 0)
        #expect(parts.map(\.count) == [50, 0, 0])
    }
}
