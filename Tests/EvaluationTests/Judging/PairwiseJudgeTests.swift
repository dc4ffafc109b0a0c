import Corpora
import Foundation
import Generation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Evaluation

@Suite struct PairwiseJudgeTests {
    /// Judges answers a, b, … to one prompt; `prefer` gets what stands first and second.
    private func judge(
        _ answers: [String], _ prefer: @escaping (String, String) -> String?
    ) throws -> (judgements: Judgements, asked: [String]) {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "c.jsonl")
            let lines = answers.map { "{\"prompt\": \"q\", \"completion\": \"\($0)\"}\n" }
            try Data(lines.joined().utf8).write(to: url)
            var asked: [String] = []
            let judge = PairwiseJudge(
                model: "judge", template: try PromptTemplate("{question} {first} {second}")
            ) {
                requests in
                asked = requests.map { $0.last!.content }
                return asked.map { text in
                    let parts = text.split(separator: " ").map(String.init)
                    return prefer(parts[1], parts[2]).map { ModelAnswer($0) }
                }
            }
            let reader = CorpusReader([url])
            let judgements = try judge.judge(
                JudgeContext(reader: reader, groups: try AnswerGroups(reader), work: directory))
            return (judgements, asked)
        }
    }

    @Test func eachPairIsAskedInBothOrders() throws {
        let asked = try judge(["a", "b", "c"]) { _, _ in "tie" }.asked
        #expect(asked == ["q a b", "q b a", "q a c", "q c a", "q b c", "q c b"])
    }

    @Test func aConsistentJudgeOrdersTheAnswers() throws {
        let found = try judge(["b", "a", "c"]) { $0 < $1 ? "Verdict: A" : "Verdict: B" }.judgements
        #expect(found.answers.map(\.score) == [0.5, 1, 0])
        #expect(found.counts["decided"] == 3 && found.counts["tied"] == 0)
        #expect(found.counts["first_place_rate"] == 0.5 && found.counts["inconsistent_rate"] == 0)
        #expect(
            found.answers[1].details == [
                .init("wins", .integer(2)), .init("ties", .integer(0)), .init("losses", .integer(0)),
            ])
    }

    @Test func decidedPairsAreRecordsOfPreferences() throws {
        let found = try judge(["b", "a", "b"]) { $0 < $1 ? "Verdict: A" : "Verdict: B" }.judgements
        let lines = try found.preferences.map {
            String(decoding: try JSONEncoder.stable.encode($0), as: UTF8.self)
        }
        let expected =
            #"{"chosen":[{"content":"a","role":"assistant"}],"prompt":[{"content":"q","role":"user"}],"rejected":[{"content":"b","role":"assistant"}]}"#
        #expect(lines == [expected, expected])
    }

    @Test func aJudgeThatPrefersAPlaceDecidesNothing() throws {
        let found = try judge(["a", "b", "c"]) { _, _ in "[[A]]" }.judgements
        #expect(found.answers.map(\.score) == [0.5, 0.5, 0.5])
        #expect(found.counts["decided"] == 0 && found.counts["first_in_both_orders"] == 3)
        #expect(found.counts["first_place_rate"] == 1 && found.counts["inconsistent_rate"] == 1)
        #expect(found.parts.contains("3 times the first and 0 times the second in both orders"))
    }

    @Test func aPreferenceInOneOrderAloneIsATie() throws {
        let found = try judge(["a", "b"]) { first, _ in first == "a" ? "Verdict: A" : "Verdict: tie" }
            .judgements
        #expect(found.answers.map(\.score) == [0.5, 0.5])
        #expect(found.counts["tied"] == 1 && found.counts["first_in_both_orders"] == 0)
        #expect(found.counts["verdicts_for_neither"] == 1 && found.counts["verdicts_for_first"] == 1)
    }

    @Test func unreadableVerdictsCountForNeither() throws {
        let found = try judge(["a", "b"]) { first, _ in first == "a" ? "Verdict: A" : nil }.judgements
        #expect(found.answers.map(\.score) == [nil, nil])
        #expect(found.answers[0].reason == "the judge did not answer")
        #expect(found.counts["unreadable"] == 1 && found.counts["decided"] == 0)
        // Of three answers the comparison that can be read counts.
        let some = try judge(["a", "b", "c"]) { first, second in
            [first, second].contains("c") ? "?" : first == "a" ? "Verdict: A" : "Verdict: B"
        }.judgements
        #expect(some.answers.map(\.score) == [1, 0, nil])
    }

    @Test func theSameTextIsNotAskedAndATie() throws {
        let (found, asked) = try judge(["a", "a"]) { _, _ in "Verdict: A" }
        #expect(asked.isEmpty && found.answers.map(\.score) == [0.5, 0.5])
        #expect(found.counts["same_text"] == 1)
    }

    @Test func aSingleAnswerCannotBeCompared() throws {
        let found = try judge(["a"]) { _, _ in "Verdict: A" }.judgements
        #expect(found.answers[0].reason == "there is no other answer to compare it with")
    }
}
