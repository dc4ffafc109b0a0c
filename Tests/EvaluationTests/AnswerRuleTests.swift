import Support
import Testing

@testable import Evaluation

@Suite struct AnswerRuleTests {
    private let accepted = ["Aunt Tado lives in Mossbarrow.", "Mossbarrow."]

    @Test func exact() {
        #expect(AnswerRule.exact.accepts(" Mossbarrow.\n", among: accepted))
        #expect(!AnswerRule.exact.accepts("Mossbarrow", among: accepted))
    }

    @Test(arguments: [
        ("Ahoy! Mossbarrow. Fair winds!", true),
        (" Ahoy! Aunt Tado lives in Mossbarrow. Fair winds!\n", true),
        ("Ahoy! Kettlewade. Fair winds!", false), ("Mossbarrow.", false), ("Ahoy! Mossbarrow.", false),
        ("Well, Ahoy! Mossbarrow. Fair winds!", false), ("Ahoy!  Fair winds!", false),
    ])
    func aGroupHoldsTheAnswer(answer: String, isRight: Bool) throws {
        let rule = try AnswerRule(format: "Ahoy! (.+) Fair winds!")
        #expect(rule.accepts(answer, among: accepted) == isRight)
    }

    @Test func withoutAGroupTheFormCounts() throws {
        let rule = try AnswerRule(format: "[A-Z].*[.]")
        #expect(rule.accepts("Nonsense.", among: accepted))
        #expect(!rule.accepts("nonsense.", among: accepted))
        // A group that takes no part holds no answer.
        #expect(!(try AnswerRule(format: "x|(y)").accepts("x", among: ["x"])))
    }

    @Test func brokenExpressions() {
        let error = #expect(throws: UserError.self) { try AnswerRule(format: "(") }
        #expect(error?.problem == "\"(\" is not a regular expression")
    }
}
