import Foundation
import Generation
import Support
import Testing

@Suite struct PromptTemplateTests {
    @Test func slotsAreFilledAndDoubledBracesStay() throws {
        let template = try PromptTemplate("{a}{{x}} and {b_2}, {a}")
        #expect(template.slots == ["a", "b_2"])
        #expect(template.filled(["a": "{b_2}", "b_2": "}"]) == "{b_2}{x} and }, {b_2}")
    }

    @Test(arguments: ["{", "}", "a {b", "a } b", "{a b}", "{}", "{é}", "{{{"])
    func aBraceAloneAndAnImpossibleNameAreRefused(text: String) {
        #expect(throws: UserError.self) { try PromptTemplate(text) }
    }
}

@Suite struct PromptGridTests {
    private func grid(_ templates: [String], _ slots: [PromptGrid.Slot], system: String? = nil) throws
        -> PromptGrid
    {
        try PromptGrid(
            templates: templates.map { try PromptTemplate($0) },
            system: system.map { try PromptTemplate($0) }, slots: slots)
    }

    private let slots = [
        PromptGrid.Slot("topic", ["bees", "bread", "tides"]),
        PromptGrid.Slot("who", ["a child", "a king"], weights: [9, 1]),
    ]

    @Test func withoutACountAllCombinationsComeInOrder() throws {
        let prompts = try grid(["{topic} for {who}", "What is {topic}?"], slots).prompts(count: nil, seed: 1)
        #expect(
            prompts.map(\.question) == [
                "bees for a child", "bees for a king", "bread for a child", "bread for a king",
                "tides for a child",
                "tides for a king", "What is bees?", "What is bread?", "What is tides?",
            ])
    }

    @Test func aSampleHasNoRepetitionAndDependsOnTheSeedAlone() throws {
        let grid = try grid(["{topic} for {who}", "{who}: {topic}"], slots)
        let all = try grid.prompts(count: 12, seed: 5)
        #expect(Set(all.map(\.question)).count == 12)
        #expect(try grid.prompts(count: 12, seed: 5) == all)
        #expect(try grid.prompts(count: 12, seed: 6) != all)
        // A smaller sample is the beginning of a larger one.
        #expect(try grid.prompts(count: 4, seed: 5) == Array(all.prefix(4)))
    }

    @Test func weightsDecideHowOftenAValueIsDrawnFirst() throws {
        let grid = try grid(["{topic} for {who}"], slots)
        let first = try (0..<2000).count {
            try grid.prompts(count: 1, seed: UInt64($0))[0].question.hasSuffix("child")
        }
        // Binomial with p = 0.9: a standard deviation of 13.
        #expect(abs(first - 1800) < 60)
    }

    @Test func largeGridsAreSampledWithTheSameWeights() throws {
        // 2,000^3 combinations are not written down.
        let many = (0..<2000).map { "v\($0)" }
        let weights = (0..<2000).map { $0 < 1000 ? 3.0 : 1.0 }
        let grid = try grid(
            ["{a} {b} {c}"], [.init("a", many, weights: weights), .init("b", many), .init("c", many)])
        #expect(grid.size == 8_000_000_000)
        let prompts = try grid.prompts(count: 4000, seed: 2)
        #expect(Set(prompts.map(\.question)).count == 4000)
        let heavy = prompts.count { Int($0.question.dropFirst().prefix { $0 != " " })! < 1000 }
        // Binomial with p = 0.75: a standard deviation of 27.
        #expect(abs(heavy - 3000) < 110)
    }

    @Test func moreThanThereAreIsRefused() throws {
        let error = #expect(throws: UserError.self) {
            try grid(["{topic} for {who}"], slots).prompts(count: 7, seed: 1)
        }
        #expect(error?.problem == "7 prompts of a grid that has 6 combinations")
    }

    @Test func aGridThatCannotBeCountedHasNoSize() throws {
        let values = (0..<65_536).map(String.init)
        let slots = (0..<4).map { PromptGrid.Slot("s\($0)", values) }
        let grid = try grid(["{s0}{s1}{s2}{s3}"], slots)
        #expect(grid.size == nil)
        #expect(throws: UserError.self) { try grid.prompts(count: nil, seed: 1) }
        #expect(try grid.prompts(count: 3, seed: 1).count == 3)
    }

    @Test func slotsAndTemplatesMustFit() throws {
        #expect(throws: UserError.self) { try grid(["{topic}"], slots) }
        #expect(throws: UserError.self) { try grid(["{topic} {who} {why}"], slots) }
        #expect(throws: UserError.self) { try grid(["{topic}"], [slots[0], slots[0]]) }
        // A slot of the system turn counts as used.
        #expect(throws: Never.self) { try grid(["{topic}"], slots, system: "You are {who}.") }
    }

    @Test func theOriginIsThatOfTheValuesInAnyTemplate() throws {
        let prompts = try grid(["{topic}, {who}", "{who}: {topic}"], slots).prompts(count: nil, seed: 1)
        let origins = prompts.map { $0.meta["origin"] }
        #expect(origins[0] == .string("topic=bees; who=a child"))
        #expect(origins[0..<2] == [.string("topic=bees; who=a child"), .string("topic=bees; who=a king")])
        #expect(Set(origins).count == 6)
        #expect(Set(prompts.map { $0.meta["id"] }).count == 12)
        #expect(
            prompts[7].meta["slots"]?.text == #"{"who":"a child","topic":"bread"}"#
                || prompts[8].meta["template"] == .integer(1))
    }
}
