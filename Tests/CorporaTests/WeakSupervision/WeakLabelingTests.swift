import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct WeakLabelingTests {
    /// Three voters; the third contradicts the others on the last record.
    private static let corpus = """
        {"prompt": "q", "completion": "a", "meta": {"v": {"a": "good", "b": "good", "c": 9}}, "n": 1.50}
        {"meta": {"v": {"a": "bad", "b": "bad", "c": 2.0}} , "prompt": "q", "completion": "b"}
        {"prompt": "q", "completion": "c"}
        {"prompt": "q", "completion": "d", "meta": {"v": {"a": "good", "b": "good", "c": 1}, "weak_label": [7]}}

        """

    private func labeling(keeping selection: WeakLabeling.Selection? = nil) -> WeakLabeling {
        let values: [String: Int?] = ["good": 0, "bad": 1]
        return WeakLabeling(
            labels: ["good", "bad"],
            functions: [
                LabelingFunction("a", .vote(key: "meta.v.a", values: values)),
                LabelingFunction("b", .vote(key: "meta.v.b", values: values)),
                LabelingFunction(
                    "c", .score(key: "meta.v.c", bounds: 7...Double.infinity, inside: 0, outside: 1)),
            ], classBalance: [0.5, 0.5], keeping: selection)
    }

    private func run(_ labeling: WeakLabeling, _ text: String = corpus) throws -> (
        lines: [String], report: WeakLabelReport
    ) {
        try withFiles(["c.jsonl": text]) { files in
            var lines: [String] = []
            let report = try labeling.run(CorpusReader(files)) {
                lines.append(String(decoding: $0, as: UTF8.self))
            }
            return (lines, report)
        }
    }

    @Test func labelsAreWrittenToMetaAndAllOtherBytesStay() throws {
        let (lines, report) = try run(labeling())
        let given = Self.corpus.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines[2] == given[2])
        // Without the value the line is as it was read.
        let label = /,"weak_label":\{[^\}]*\{[^\}]*\}\}/
        #expect(lines[0].replacing(label, with: "") == given[0])
        #expect(lines[1].replacing(label, with: "") == given[1])
        let json = try OrderedJSON(Data(lines[3].utf8), name: "line")
        #expect(json.value(at: "meta.weak_label.label") == .string("good"))
        #expect(
            json.value(at: "meta.weak_label.votes")
                == .object([
                    .init("a", .string("good")), .init("b", .string("good")), .init("c", .string("bad")),
                ]))
        #expect((report.records, report.labelled, report.withoutVotes, report.kept) == (4, 3, 1, 4))
        #expect(report.labels.map(\.records) == [2, 1])
    }

    @Test func coverageOverlapsAndConflictsAreCounted() throws {
        let report = try run(labeling()).report
        #expect(report.functions.map(\.coverage) == [0.75, 0.75, 0.75])
        #expect(report.functions.map(\.overlaps) == [0.75, 0.75, 0.75])
        #expect(report.functions.map(\.conflicts) == [0.25, 0.25, 0.25])
        #expect(report.functions.map(\.labels) == [["good", "bad"], ["good", "bad"], ["good", "bad"]])
        let accuracies = report.functions.map { $0.accuracy! }
        #expect(accuracies[0] == accuracies[1] && accuracies[2] < accuracies[0])
        let decoded = try JSONDecoder().decode(WeakLabelReport.self, from: report.json())
        #expect(decoded == report)
    }

    @Test func onlyRecordsWithTheWantedLabelAreKept() throws {
        let (lines, report) = try run(labeling(keeping: .init(label: 1)))
        #expect(lines.count == 1 && lines[0].contains(#""completion": "b""#))
        #expect(report.kept == 1 && report.labelled == 3)
        #expect(
            report.summary == "1 of 4 records kept; 3 of 4 records labelled: 2 good, 1 bad, 1 without votes")
        #expect(try run(labeling(keeping: .init(probability: 1))).lines.isEmpty)
    }

    @Test func equallyProbableLabelsAreATie() throws {
        // With labels and the first two functions exchanged these are the same records.
        let lines = [
            #"{"text": "t", "meta": {"v": {"a": "good", "b": "good", "c": 9}}}"#,
            #"{"text": "t", "meta": {"v": {"a": "bad", "b": "bad", "c": 1}}}"#,
            #"{"text": "t", "meta": {"v": {"a": "good", "b": "bad"}}}"#,
        ]
        let (written, report) = try run(labeling(), lines.map { $0 + "\n" }.joined())
        #expect(report.tied == 1 && report.labelled == 2 && report.withoutVotes == 0)
        #expect(written[2] == lines[2])
    }

    @Test func filtersVoteAndAbstainWhereTheyCannotJudge() throws {
        let function = LabelingFunction(
            "stops", .filter(FinishReasonFilter(accepting: ["stop"]), removed: 1, kept: 0))
        let lines = [
            #"{"text": "a", "meta": {"finish_reason": "stop"}}"#,
            #"{"text": "b", "meta": {"finish_reason": "length"}}"#, #"{"text": "c"}"#,
        ]
        let records = lines.enumerated().map { index, line in
            CandidateRecord(
                .text("x"), at: RecordLocation(file: "c.jsonl", line: index + 1), line: Data(line.utf8))
        }
        #expect(try function.outcomes(of: records) == [1, 2, 0])
    }

    @Test(arguments: [
        (#"{"text": "x", "meta": {"v": {"a": "maybe"}}}"#, #""meta.v.a" is "maybe", which a gives no label"#),
        (#"{"text": "x", "meta": {"v": {"a": ["good"]}}}"#, "not a vote"),
        (#"{"text": "x", "meta": {"v": {"c": "high"}}}"#, "not a number"),
    ])
    func aValueThatIsNoVoteIsNamedWithItsLine(_ line: String, _ problem: String) throws {
        let error = try #require(throws: UserError.self) { try run(labeling(), Self.corpus + line + "\n") }
        #expect(error.problem.contains(problem) && error.line == 5, "\(error)")
    }

    @Test func metaThatIsNoObjectIsRefused() throws {
        let line = #"{"text": "x", "meta": [1]}"#
        let record = CandidateRecord(
            .text("x"), at: RecordLocation(file: "c", line: 3), line: Data(line.utf8))
        let error = try #require(throws: UserError.self) {
            try record.lineBytes(settingMeta: "k", to: Data("1".utf8))
        }
        #expect(error.problem.contains("\"meta\" is not an object") && error.line == 3)
    }

    @Test(arguments: [
        (#"{"text":"x"}"#, #"{"text":"x","meta":{"k":1}}"#),
        (#" { "text" : "x" } "#, #" { "text" : "x" ,"meta":{"k":1}} "#),
        (#"{"meta":{},"text":"x"}"#, #"{"meta":{"k":1},"text":"x"}"#),
        (#"{"meta": { "a" : "}" } ,"text":"x"}"#, #"{"meta": { "a" : "}" ,"k":1} ,"text":"x"}"#),
        (#"{"meta":null,"text":"x"}"#, #"{"meta":{"k":1},"text":"x"}"#),
        (#"{"meta":{"k": {"l":[2]} ,"a":3},"text":"x"}"#, #"{"meta":{"k": 1 ,"a":3},"text":"x"}"#),
    ])
    func aValueIsWrittenIntoMeta(_ line: String, _ expected: String) throws {
        let record = CandidateRecord(
            .text("x"), at: RecordLocation(file: "c", line: 1), line: Data(line.utf8))
        let written = try record.lineBytes(settingMeta: "k", to: Data("1".utf8))
        #expect(String(decoding: written, as: UTF8.self) == expected)
    }
}
