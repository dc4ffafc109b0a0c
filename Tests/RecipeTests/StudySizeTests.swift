import Foundation
import Testing

@testable import Recipes

/// Faults found, line 5: a study is read in time that grows with the number of its variants, not with its square.
@Suite struct StudySizeTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func study(_ variants: [String]) -> String {
        sampleRecipe + "verdict: {metric: perplexity}\nvariants:\n" + variants.map { "  - \($0)\n" }.joined()
    }

    /// What made the square: every variant read the list of all variants again.
    @Test func aVariantDoesNotHoldTheOthers() throws {
        let variants = (0..<20).map { "{name: v\($0), set: {stages.train.tokens: \(1000 + $0)}}" }
        let file = try workspace.recipe(study(variants))
        #expect(file.variants.count == 20)
        #expect(file.variants.allSatisfy { $0.recipe.variants.isEmpty && $0.recipe.verdict == nil })
        #expect(file.recipe.verdict?.metric == "perplexity")
        #expect(file.variants.map(\.recipe.train.duration) == (0..<20).map { .tokens(1000 + $0) })
    }

    @Test(arguments: ["verdict.metric", "variants.0.name"])
    func aVariantCannotChangeWhatAllHaveInCommon(path: String) throws {
        let key = path.prefix { $0 != "." }
        let problems = try workspace.problems(study(["{name: a, set: {\(path): kl}}", "{name: b}"]))
        #expect(
            problems == [
                "19:21: a variant cannot change \(key), which all variants have in common; change what the stages do"
            ])
    }

    /// A stage is looked up by its address in time that does not depend on their number.
    @Test func everyStageIsFoundByItsAddress() throws {
        let variants = (0..<5).map { "{name: v\($0), set: {stages.train.tokens: \(1000 + $0)}}" }
        let plan = try workspace.plan(study(variants))
        #expect(plan.stages.map(\.cacheKey).map { plan.instance($0).label } == plan.stages.map(\.label))
        #expect(plan.indices.count == plan.stages.count)
        #expect(plan.stages.filter { $0.scope == nil }.map(\.label).contains("generate corpus"))
        #expect(plan.stages.compactMap(\.scope).sorted() == (0..<5).flatMap { ["v\($0)", "v\($0)"] })
    }
}
