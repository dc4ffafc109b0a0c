import Foundation
import RecipeSchema
import Support
import Testing

@testable import Recipes

/// A kind of stage is added by one type and one line of a registry; nothing else knows it.
@Suite struct AddedStageTests {
    let workspace: Workspace
    private let stages = StageRegistry(StageRegistry.standard.kinds + [CountStage.self])

    init() throws { workspace = try Workspace() }

    private let recipe = """
        name: counting
        teacher: data/teacher
        student: {layers: 1, width: 16, heads: 2, feed_forward: 32}
        stages:
          - count: {corpus: data/text.jsonl}
          - train:
              corpus: count
              losses: [{kind: cross_entropy}]
              steps: 1
              batch: {sequences: 1, context: 16}
          - evaluate: {models: [student], perplexity: count, speed: false, context: 16}
          - report: {metrics: {counted: count.documents}}

        """

    private func file(_ text: String) throws -> RecipeFile {
        try workspace.write("recipe.yaml", text)
        return try RecipeFile(contentsOf: "recipe.yaml", directory: workspace.url, stages: stages)
    }

    @Test func itIsPlannedRunReusedAndReported() throws {
        let plan = try Plan(try file(recipe))
        #expect(plan.stages.map(\.label) == ["count", "train student", "evaluate student"])
        #expect(CostModel(gigaflops: 1).estimates(of: plan)[0].diskBytes == 8)
        let runs = workspace.url.appending(path: "runs", directoryHint: .isDirectory)
        let runner = RecipeRunner(toolVersion: "test", runs: runs, progress: { _ in })
        let outcome = try runner.run(plan)
        #expect(outcome.performed == 3)
        #expect(try workspace.read("runs/counting/count-result.txt") == "1")
        #expect(workspace.exists("runs/counting/count.jsonl"))
        #expect(outcome.report.runs[0].models[0].scores.metrics?.map(\.value) == [1])
        #expect(try runner.run(plan).reused == 3)
    }

    @Test func itsMistakesAreReportedAsThoseOfAnyStage() throws {
        let error = #expect(throws: RecipeError.self) {
            try file(recipe.replacing("count: {corpus", with: "count: {limt: 0, corpus"))
        }
        #expect(error?.problems.map(\.problem) == ["unknown key \"limt\""])
    }

    @Test func itStandsInTheKeyReference() {
        #expect(KeyReference.markdown(of: stages).contains("## Stage count\n\nCounts the documents"))
    }
}
