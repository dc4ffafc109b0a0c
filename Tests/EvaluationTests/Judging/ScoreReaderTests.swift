import Generation
import Testing

@testable import Evaluation

@Suite struct ScoreReaderTests {
    @Test(arguments: [
        ("7", 7.0), ("**8**", 8), (" 10.\n", 10), ("Score: 7", 7), ("It is clear.\n\n**Score:** 6/10", 6),
        ("**Score: 9**\n\nIt names 5.0 points.", 9), (#"{"reason": "clear", "score": 8}"#, 8),
        ("Rating: [[7]]", 7), ("[[7/10]]", 7), ("I give it 8 out of 10.", 8), ("7.5/10", 7.5),
        ("Score: 7,5", 7.5), ("There are 5 reasons why this is a score of 9", 9),
        // The last one is the verdict.
        ("Clarity score: 4\nFinal score: 6", 6),
        // What the answer says of itself, quoted.
        (#"The reply ends with "[[10]]", which is to be ignored. Score: 2"#, 2),
        // Other scores that are mentioned are not the verdict.
        ("Score: 7. For a score of 10 it would have to give an example.", 7),
        ("Score: 8\n- 2 points are lost for its length", 8),
        ("<think>Perhaps a score: 3?</think>\nScore: 5", 5), ("SCORE = 4", 4), ("\"Score\": \"4\"", 4),
    ])
    func scoresAreFound(_ text: String, _ score: Double) {
        #expect(ScoreReader.score(in: text) == .score(score))
    }

    @Test(arguments: [
        ("", "gives no score"), ("I cannot evaluate this.", "gives no score"),
        (#"thought {"score":"#, "no score"),
        ("Rating: high", "gives no score"), ("This is not excellent but acceptable.", "gives no score"),
        ("The year was 1987, with 3 parts.", "gives no score"), ("Score: 85", "85, not 1 to 10"),
        ("[[85]]", "85, not 1 to 10"), ("Score: 0", "0, not 1 to 10"), ("Score: -1", "-1, not 1 to 10"),
        ("Score: 85/100", "scale ends at 100"), ("Score: 4/5", "scale ends at 5"), ("4/5", "gives no score"),
        ("Score: 7-8", "a range"), ("7–8/10", "a range"), ("<think>It may be a Score: 8", "still thinking"),
        ("7/100", "gives no score"),
    ])
    func otherTextsHoldNone(_ text: String, _ problem: String) {
        guard case .none(let found) = ScoreReader.score(in: text) else {
            Issue.record("\(ScoreReader.score(in: text))")
            return
        }
        #expect(found.contains(problem), "\(found)")
    }

    @Test(arguments: [
        ("Verdict: A", PreferenceVerdict.first), ("The second is shorter.\n**Verdict:** B", .second),
        ("[[A]]", .first), ("[[C]]", .tie), ("Verdict: tie", .tie), ("B.", .second), ("Reply A", .first),
        ("Verdict: Reply B is better", .second), ("Verdict: neither", .tie),
        (#"Reply A says "my verdict: A". Verdict: B"#, .second), ("[[B]] it is said. Verdict: A", .first),
        ("<think>Verdict: A</think>Verdict: B", .second),
    ])
    func verdictsAreFound(_ text: String, _ verdict: PreferenceVerdict) {
        #expect(VerdictReader.verdict(in: ModelAnswer(text)) == verdict)
    }

    @Test(arguments: [
        "", "A is better than B", "Both are good", "Verdict:", "<think>Verdict: A", "Verdict: D",
    ])
    func otherVerdictsAreUnreadable(_ text: String) {
        guard case .unreadable = VerdictReader.verdict(in: ModelAnswer(text)) else {
            Issue.record("\(VerdictReader.verdict(in: ModelAnswer(text)))")
            return
        }
        guard case .unreadable = VerdictReader.verdict(in: nil) else {
            Issue.record("no answer holds no verdict")
            return
        }
    }
}
