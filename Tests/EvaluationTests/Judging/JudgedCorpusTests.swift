import Corpora
import Foundation
import Generation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Evaluation

@Suite struct JudgedCorpusTests {
    /// Three answers to one prompt and one to another.
    private static let answers = """
        {"prompt": "2+2?", "completion": "It is 5.", "meta": {"answer": "4"}}
        {"prompt": "2+2?", "completion": "It is 4.", "meta": {"answer": "4", "n": 1.0}}
        {"prompt": "Who?", "completion": "Mira"}
        {"prompt": "2+2?", "completion": "So it is 4.00"}

        """

    private func judged(
        _ judge: any AnswerJudge, _ keep: JudgedCorpus.Keep = .best, atLeast least: Double? = nil,
        _ text: String = answers, by key: String? = nil
    ) throws -> (lines: [String], report: JudgeReport) {
        try withTemporaryDirectory { directory in
            let (input, output) = (
                directory.appending(path: "in.jsonl"), directory.appending(path: "out.jsonl")
            )
            try Data(text.utf8).write(to: input)
            let reader = CorpusReader([input])
            let report = try JudgedCorpus(judge: judge, keeping: keep, atLeast: least).run(
                JudgeContext(
                    reader: reader, groups: try AnswerGroups(reader, by: key), work: directory), to: output
            ).report
            let lines = try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
            return (lines.map(String.init), report)
        }
    }

    private func meta(_ line: String, _ key: String) throws -> OrderedJSON? {
        try OrderedJSON(Data(line.utf8), name: "line")["meta"]?["judge"]?[key]
    }

    // MARK: - Rules

    @Test func aCheckerKeepsTheFirstAnswerThatPasses() throws {
        let (lines, report) = try judged(
            CheckerJudge([("reference", ReferenceFilter(comparison: .contains))]), atLeast: 1)
        #expect(lines.count == 1 && lines[0].contains("It is 4."))
        // All other bytes stay.
        #expect(
            lines[0]
                == #"{"prompt": "2+2?", "completion": "It is 4.", "meta": {"answer": "4", "n": 1.0,"judge":{"method":"checker","score":1.0,"answers":3}}}"#
        )
        #expect((report.judged, report.unjudged, report.below, report.kept) == (2, 2, 1, 1))
        #expect(report.promptsWithoutAnswer == 1 && report.counts == ["failed_reference": 1])
        #expect(report.examples.map(\.line) == [3, 4])
        #expect(report.examples[0].reason == "reference cannot judge it")
    }

    // MARK: - Majority

    @Test func aMajorityIsOfTheSameResult() throws {
        let (lines, report) = try judged(MajorityJudge(AnswerExtraction(.lastNumber)))
        #expect(lines.count == 1 && lines[0].contains("It is 4."))
        #expect(try meta(lines[0], "result") == .string("4"))
        #expect(try meta(lines[0], "score") == .number(0.666667))
        // "Mira" holds no number.
        #expect(report.unjudged == 1 && report.promptsWithoutAnswer == 1 && report.tiedPrompts == 0)
        #expect(report.examples[0].reason == "no number")
        let all = try judged(MajorityJudge(), .all)
        #expect(all.lines.count == 4 && all.report.tiedPrompts == 1 && all.report.unjudged == 0)
    }

    private static let results: [(AnswerExtraction.Part, String, String?)] = [
        (AnswerExtraction.Part.lastNumber, "She has 1,000 and then 2,500.50 left.", "2500.5"),
        (.lastNumber, "x = -07.0", "-7"), (.lastNumber, "about 3.14.", "3.14"), (.lastNumber, "-0", "0"),
        (.lastNumber, "pages 1,2 and 3", "3"), (.lastNumber, "none", nil), (.lastNumber, "0.50", "0.5"),
        (.boxed, #"so \boxed{\frac{1}{2}} holds"#, #"\frac{1}{2}"#),
        (.boxed, #"\boxed{1} then \boxed{ 2 }"#, "2"),
        (.boxed, #"\boxed{1"#, nil), (.whole, "The  Lamp!", "lamp"), (.whole, "…", "…"), (.whole, " ", nil),
        (.lastLine, "It burns.\nSo: the Lamp.\n \n", "so lamp"),
    ]

    @Test(arguments: results)
    func resultsAreExtracted(_ part: AnswerExtraction.Part, _ text: String, _ result: String?) {
        #expect(AnswerExtraction(part).result(of: text) == result)
    }

    @Test func onlyWhatIsBehindAMarkerIsAResult() {
        let extraction = AnswerExtraction(.lastNumber, after: "Answer:")
        #expect(extraction.result(of: "1 or 2. Answer: 3 Answer: 4") == "4")
        #expect(
            extraction.result(of: "1 or 2") == nil && extraction.absence == #"no number behind "Answer:""#)
    }

    // MARK: - Scores

    private func scores(_ texts: [String?]) throws -> ScoreJudge {
        ScoreJudge(model: "judge", template: try PromptTemplate("{question}|{answer}"), system: "You judge.")
        {
            requests in
            #expect(requests.map(\.count).allSatisfy { $0 == 2 } && requests.count == texts.count)
            #expect(requests[1].last?.content == "2+2?|It is 4.")
            return texts.map { $0.map { ModelAnswer($0) } }
        }
    }

    @Test func scoresOfAModelChooseTheBestAndAnswersWithoutOneAreNamed() throws {
        let (lines, report) = try judged(scores(["Score: 2", "Score: 9", nil, "I like it"]))
        #expect(lines.count == 1 && lines[0].contains("It is 4."))
        #expect(try meta(lines[0], "score") == .number(9) && meta(lines[0], "model") == .string("judge"))
        #expect((report.judged, report.unjudged) == (2, 2))
        #expect(report.meanScore == 5.5 && report.meanKeptScore == 9 && report.scores == ["2": 1, "9": 1])
        #expect(report.counts == ["without_answer": 1, "without_score": 1])
        #expect(
            report.examples.map(\.reason) == [
                "the judge did not answer", #"the judge gives no score: "I like it""#,
            ])
        let decoded = try JSONDecoder().decode(JudgeReport.self, from: report.json())
        #expect(decoded == report)
    }

    @Test func allAnswersMayStayWithOrWithoutABound() throws {
        let texts = ["Score: 2", "Score: 9", nil, "9"]
        let all = try judged(scores(texts), .all)
        #expect(all.lines.count == 4 && all.report.tiedPrompts == 1)
        #expect(try meta(all.lines[2], "score") == nil)
        #expect(try meta(all.lines[2], "reason") == .string("the judge did not answer"))
        let good = try judged(scores(texts), .all, atLeast: 9)
        #expect(good.lines.count == 2 && good.report.below == 1 && good.report.promptsWithoutAnswer == 1)
    }

    // MARK: - Groups

    @Test func answersAreGroupedByTheirPromptOrByAKey() throws {
        let one =
            #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "meta": {"k": 1}}"#
        let other = #"{"prompt": "q", "completion": "a", "meta": {"k": 1}}"#
        let text = #"{"text": "t", "meta": {"k": 2}}"#
        func groups(_ lines: [String], by key: String? = nil) throws -> [[Int]] {
            try withTemporaryDirectory { directory in
                let url = directory.appending(path: "c.jsonl")
                try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: url)
                return try AnswerGroups(CorpusReader([url]), by: key).recordsOfPrompt
            }
        }
        #expect(try groups([one, other, one]) == [[0, 2], [1]])
        #expect(try groups([one, text, other], by: "meta.k") == [[0, 2], [1]])
        for (lines, key, problem) in [
            ([one, text], nil, "is a text"), ([one], "meta.j", "has no key \"meta.j\""),
            ([one, #"{"prompt": "q"}"#], nil, "has no answer to judge"),
        ] as [([String], String?, String)] {
            let error = try #require(throws: UserError.self) { try groups(lines, by: key) }
            #expect(error.problem.contains(problem) && error.line == lines.count, "\(error)")
        }
    }
}
