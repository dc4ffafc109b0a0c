import Foundation
import Support
import Testing

@testable import Evaluation

@Suite struct SelfTestTests {
    @Test(arguments: SelfTest.all.map(\.name))
    func passesOnThisMachine(name: String) throws {
        let check = try #require(SelfTest.all.first { $0.name == name })
        let outcome = check.run()
        #expect(outcome.problem == nil)
        #expect(outcome.seconds > 0)
    }

    @Test func aFailedCheckDecidesTheExitStatus() {
        let good = SelfTest(name: "good") { nil }
        let bad = SelfTest(name: "bad") { "2 + 2 is 5" }
        let broken = SelfTest(name: "broken") { throw UserError("no disk") }
        #expect(Diagnosis(facts: [], checks: [good, good]).failure == nil)
        let diagnosis = Diagnosis(facts: [], checks: [good, bad, broken])
        #expect(diagnosis.failure == .internalError)
        #expect(diagnosis.selfTest.map(\.problem) == [nil, "2 + 2 is 5", "no disk"])
    }

    @Test func factsAreAnObjectOfTheReport() throws {
        let diagnosis = Diagnosis(facts: [.init("threads", "2")], checks: [])
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(diagnosis)) as? [String: Any]
        #expect(json?["facts"] as? [String: String] == ["threads": "2"])
    }
}
