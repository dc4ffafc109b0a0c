import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Corpora

@Suite struct FilterPipelineTests {
    /// Unknown keys, number formats, the order of keys and spaces stay; only the line break is ours.
    @Test func keptLinesAreByteForByteThoseOfTheInput() throws {
        let lines = [
            #"{"meta": {"z": 1.50, "a": null}, "text": "caf\u00e9  au lait", "id":7 }"#,
            #"{"messages":[{"role":"user","content":"q"},{"content":"a","role":"assistant"}],"x":"/"}"#,
        ]
        let (kept, removed, report) = try filtered(
            lines.joined(separator: "\r\n") + "\r\n\r\n", [LengthFilter()])
        #expect(kept == lines.map { $0 + "\n" }.joined())
        #expect(removed == "")
        #expect(report.removed == 0)
    }

    @Test func aRemovedRecordIsWrittenWholeWithItsLineAndReason() throws {
        let line = #"{"text": "ab", "id": 7.0}"#
        let (kept, removed, report) = try filtered(
            #"{"text": "abcdef"}"# + "\n\n" + line + "\n", [LengthFilter(minimum: 3)])
        #expect(kept == #"{"text": "abcdef"}"# + "\n")
        let reason = "an answer of 2 characters, at least 3 wanted"
        #expect(removed.hasSuffix(#","record":"# + line + "}\n"))
        let json = try OrderedJSON(Data(removed.utf8), name: "removed")
        #expect(json["line"] == .integer(3))
        #expect(json["filter"] == .string("LengthFilter"))
        #expect(json["reason"] == .string(reason))
        #expect(report.filters[0].examples.map(\.reason) == [reason])
        #expect(report.filters[0].examples[0].line == 3)
    }

    @Test func aFilterSeesOnlyWhatThoseBeforeItHaveKept() throws {
        let text = ["a", "bb", "bb", "cc"].map { #"{"text": "\#($0)"}"# + "\n" }.joined()
        let (kept, _, report) = try filtered(text, [LengthFilter(minimum: 2), ExactDuplicateFilter()])
        #expect(report.filters.map(\.examined) == [4, 3])
        #expect(report.filters.map(\.removed) == [1, 1])
        #expect(report.read.records == 4)
        #expect(report.read.characters == 7)
        #expect(report.kept.records == 2)
        #expect(kept == #"{"text": "bb"}"# + "\n" + #"{"text": "cc"}"# + "\n")
    }

    @Test func documentsOfATextFileBecomeRecordsWithTheLineTheyBeginAt() throws {
        let (kept, _, report) = try filtered("one\ntwo\n\n\nx\n", [LengthFilter(minimum: 2)], name: "c.txt")
        #expect(kept == #"{"text":"one\ntwo"}"# + "\n")
        #expect(report.filters[0].examples[0].line == 5)
    }

    @Test func theResultDoesNotDependOnThreads() throws {
        var stream = RandomStream(seed: 3, purpose: "filter test")
        let words = (0..<40).map { "w\($0)" }
        let text = (0..<3000).map { _ in
            let text = (0..<8).map { _ in words[stream.nextIndex(below: 3)] }.joined(separator: " ")
            return #"{"text": "\#(text)"}"# + "\n"
        }.joined()
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        func run(_ count: Int) throws -> (kept: String, removed: [Int]) {
            Parallel.threads = count
            let filters: [any RecordFilter] = [
                RepetitionFilter(of: .all), NearDuplicateFilter(threshold: 0.5), ExactDuplicateFilter(),
            ]
            let (kept, _, report) = try filtered(text, filters)
            return (kept, report.filters.map(\.removed))
        }
        let (one, two) = (try run(1), try run(2))
        #expect(one.kept == two.kept)
        #expect(one.removed == two.removed)
        #expect(one.removed[1] > 100)
    }

    @Test func aMistakeInTheCorpusLeavesNoFile() throws {
        try withFiles(["c.jsonl": #"{"text": "a"}"# + "\n{\n"]) { files in
            let output = files[0].deletingLastPathComponent().appending(path: "kept.jsonl")
            let error = try #require(throws: UserError.self) {
                try FilterPipeline([LengthFilter()]).run(CorpusReader(files), to: output)
            }
            #expect(error.line == 2)
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
    }

    /// Also through a link, and where a directory is filtered that has the file.
    @Test func aCorpusIsNotComparedWithItself() throws {
        try withFiles(["c.jsonl": #"{"text": "once upon a time"}"# + "\n"]) { files in
            let folder = files[0].deletingLastPathComponent()
            let link = folder.appending(path: "link.jsonl")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: files[0])
            for filter in [NearDuplicateFilter(against: [link]), ContaminationFilter(against: files)]
                as [any RecordFilter]
            {
                let error = try #require(throws: UserError.self) {
                    try FilterPipeline([filter]).run(CorpusReader([folder]), kept: { _ in })
                }
                #expect(error.problem.contains("compared with itself"))
            }
        }
    }

    @Test func aKindIsMadeFromOptionsWithItsDefaults() throws {
        for kind in FilterKind.all where !kind.options.contains(where: \.isRequired) {
            _ = try kind.filter([:])
        }
        #expect(Set(FilterKind.all.map(\.name)).count == FilterKind.all.count)
        let length = try #require(FilterKind.all.first { $0.name == "length" })
        let fault = try #require(throws: FilterOptionFault.self) {
            try length.filter(["min": .integer(5), "max": .integer(4)])
        }
        #expect(fault.option == "max")
    }
}
