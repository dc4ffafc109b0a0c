import Foundation
import Support
import Testing

@testable import Generation
@testable import Recipes

/// Recipes whose teacher is a model behind an API.
@Suite struct EndpointRecipeTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private let recipe = """
        name: api
        endpoints:
          large:
            url: https://api.example/v1/
            model: large-1
            key: LARGE_KEY
            headers: {X-Team: TEAM_KEY}
            parameters: {reasoning_effort: low, temperature: null}
            concurrency: 4
            prices: {input: 2, output: 8}
            max_cost: 5
        teacher: large
        student: {layers: 2, width: 16, heads: 2, feed_forward: 32}
        stages:
          - generate: {prompts: data/prompts.jsonl, samples: 100, max_new_tokens: 100, to: corpus}
          - tokenizer: {corpus: corpus, vocabulary: 300}
          - train: {corpus: corpus, losses: [{kind: cross_entropy}], tokens: 1000}
        """

    private func stage(_ file: RecipeFile) throws -> GenerateStage {
        try #require(file.recipe.stages.first as? GenerateStage)
    }

    @Test func anEndpointStandsWhereAStageAsksAModel() throws {
        let stage = try stage(workspace.recipe(recipe))
        let endpoint = try #require(stage.endpoint?.endpoint)
        #expect(endpoint.address.description == "https://api.example/v1" && endpoint.model == "large-1")
        #expect(endpoint.key == "LARGE_KEY" && endpoint.headers == ["X-Team": "TEAM_KEY"])
        #expect(
            endpoint.parameters == [.init("reasoning_effort", .string("low")), .init("temperature", .null)])
        #expect(endpoint.concurrency == 4 && endpoint.budget.cost == 5 && endpoint.prices?.output == 8)
        for name in ["large", "teacher"] {
            let named = try self.stage(workspace.recipe(recipe, set: ["stages.generate.model=\(name)"]))
            #expect(named.endpoint?.endpoint == endpoint)
        }
        // Another stage may still ask a model on disk.
        #expect(
            try self.stage(workspace.recipe(recipe, set: ["stages.generate.model=data/teacher"])).endpoint
                == nil)
    }

    @Test func stagesThatNeedWeightsRefuseIt() throws {
        for (change, words) in [
            ("prune: {layers: 1}", "without weights to read"),
            (
                "evaluate: {models: [large], perplexity: data/text.jsonl}",
                "\"large\" is a model behind an API"
            ),
            ("convert: {model: teacher}", "\"large\" is a model behind an API"),
        ] {
            let problems = try workspace.problems(
                recipe.replacing("tokenizer: {corpus: corpus, vocabulary: 300}", with: change))
            #expect(problems.contains { $0.contains(words) }, "\(change): \(problems)")
        }
    }

    /// An endpoint labels for a student whose tokenizer is named, with what it can give.
    @Test func anEndpointLabelsWithWhatItGives() throws {
        func problems(_ label: String) throws -> [String] {
            try workspace.problems(
                recipe.replacing("tokenizer: {corpus: corpus, vocabulary: 300}", with: label))
        }
        let sound =
            "label: {corpus: corpus, model: large, tokenizer: data/teacher, signal: {kind: top_k, k: 20}}"
        #expect(try problems(sound).allSatisfy { !$0.contains("label") && !$0.contains("behind an API") })
        for (change, words) in [
            (("tokenizer: data/teacher, ", ""), "whose tokenizer is not here; name the student"),
            (
                ("kind: top_k, k: 20", "kind: sampled"),
                "gives the most probable tokens at temperature 1; signal: {kind: top_k, k: 20}"
            ),
            ((", k: 20", ", temperature: 2"), "gives the most probable tokens at temperature 1"),
            (("tokenizer:", "hidden: [1], tokenizer:"), "which gives no hidden states"),
            (
                ("tokenizer:", "loss_on: assistant, system_turns: teacher, tokenizer:"),
                "it reads what the student reads"
            ),
        ] {
            let found = try problems(sound.replacing(change.0, with: change.1))
            #expect(found.contains { $0.contains(words) }, "\(change): \(found)")
        }
    }

    /// Log-probabilities that answers had are used without a request; without them in the corpus that is a mistake.
    @Test func recordedDistributionsAskForNothing() throws {
        func text(_ generate: String, _ label: String) -> String {
            recipe.replacing("samples: 100,", with: "samples: 100, \(generate)").replacing(
                "tokenizer: {corpus: corpus, vocabulary: 300}",
                with:
                    "label: {corpus: corpus, tokenizer: data/teacher, signal: {kind: top_k, k: 20}, recorded: true, loss_on: assistant\(label)}"
            ).replacing("train: {corpus: corpus,", with: "train: {corpus: corpus, tokenizer: data/teacher,")
        }
        let plan = try workspace.plan(text("top_logprobs: 20,", ""))
        let estimate = CostModel(gigaflops: 10).estimates(of: plan)[1]
        #expect(estimate.requests == 0 && estimate.money == nil)
        let disk = try [20, 10].map { count in
            CostModel(gigaflops: 10).estimates(of: try workspace.plan(text("top_logprobs: \(count),", "")))[0]
                .diskBytes
        }
        // 200 answers of about 30 tokens, in the journal and in the corpus.
        #expect(disk[0] - disk[1] > 2 * 200 * 30 * 10 * 15, "\(disk)")
        let table = plan.table(with: CostModel(gigaflops: 10), runs: workspace.url)
        #expect(table.contains("the text of large, with the 20 most probable tokens at each of its tokens"))
        #expect(table.contains("the most probable tokens that large returned with its answers, at most 20"))
        for (generate, label, words) in [
            ("", "", "\"corpus\" are generated without log-probabilities; set top_logprobs there"),
            ("top_logprobs: 20,", ", per_token: true", "without per_token"),
            ("top_logprobs: 0,", "", "0 is out of range"),
        ] {
            let problems = try workspace.problems(text(generate, label))
            #expect(problems.count == 1 && problems[0].contains(words), "\(problems)")
        }
        let scope = try workspace.problems(
            text("top_logprobs: 20,", "").replacing(", loss_on: assistant", with: ""))
        #expect(scope.count == 1 && scope[0].contains("of answers alone; loss_on: assistant"), "\(scope)")
        let local = try workspace.problems(
            sampleRecipe, set: ["stages.generate.top_logprobs=3", "stages.label.recorded=true"])
        #expect(local.count == 2 && local.allSatisfy { $0.contains("with an endpoint") }, "\(local)")
    }

    /// Whether text or distributions are used is said before a run.
    @Test func aPlanSaysWhatIsUsedOfAnEndpoint() throws {
        let text = recipe.replacing(
            "tokenizer: {corpus: corpus, vocabulary: 300}",
            with: "label: {corpus: corpus, tokenizer: data/teacher, signal: {kind: top_k, k: 20}}"
        ).replacing("train: {corpus: corpus,", with: "train: {corpus: corpus, tokenizer: data/teacher,")
        let plan = try workspace.plan(text)
        let estimate = CostModel(gigaflops: 10).estimates(of: plan)[1]
        #expect(estimate.requests == 203 && estimate.money ?? 0 > 0)
        let table = plan.table(with: CostModel(gigaflops: 10), runs: workspace.url)
        #expect(
            table.contains("note: generate corpus: the text of large is used, not its token distributions"),
            "\(table)")
        #expect(
            table.contains(
                "note: label signals: the 20 most probable tokens of large at each position, the others as a tail"
            ))
    }

    @Test func keysInARecipeAreRefusedAndNotRepeated() throws {
        let secret = "sk-abcdefghijklmnop"
        for change in [
            "endpoints.large.key=\(secret)", "endpoints.large.headers={X-Team: \(secret)}",
            "endpoints.large.headers={X-Team: [\(secret)]}",
            "endpoints.large.url=https://me:\(secret)@api.example/v1",
            "endpoints.large.url=https://api.example/v1?api-key=\(secret)",
            "endpoints.large.parameters={api_key: \(secret)}",
        ] {
            let problems = try workspace.problems(recipe, set: [change])
            #expect(!problems.isEmpty && !problems.joined().contains(secret), "\(change): \(problems)")
        }
        let file = try workspace.problems(recipe.replacing("LARGE_KEY", with: secret))
        #expect(file.count == 1 && !file[0].contains(secret), "\(file)")
    }

    @Test func mistakesAreReportedWithTheirPlaces() throws {
        for (change, words) in [
            ("endpoints.large.prices=null", "a cost without prices"),
            ("endpoints.large.parameters={n: 2}", "\"n\" is set by the run itself"),
            ("endpoints.large.parameters={temperature: 1}", "is a sampling option"),
            ("endpoints.large.url=api.example/v1", "not the address of an API"),
            ("endpoints.large.concurrency=0", "out of range"),
            ("endpoints.large.keys=X", "unknown key \"keys\""),
            ("stages.generate.to=large", "an endpoint is named \"large\" too"),
        ] {
            let problems = try workspace.problems(recipe, set: [change])
            #expect(problems.contains { $0.contains(words) }, "\(change): \(problems)")
        }
    }

    @Test func theCacheKeyHasWhatDecidesAnswersAlone() throws {
        func key(_ changes: String...) throws -> String {
            try workspace.plan(recipe, set: changes).stages[0].cacheKey.hexadecimal
        }
        let plain = try key()
        #expect(try key("endpoints.large.concurrency=9") == plain)
        #expect(try key("endpoints.large.key=OTHER_KEY") == plain)
        #expect(try key("endpoints.large.retries=1", "endpoints.large.timeout=9") == plain)
        #expect(try key("endpoints.large.model=large-2") != plain)
        #expect(try key("endpoints.large.url=https://other.example/v1") != plain)
        #expect(try key("endpoints.large.parameters={}") != plain)
        #expect(try key("endpoints.large.max_cost=6") != plain)
    }

    @Test func aPlanEstimatesRequestsAndCost() throws {
        let plan = try workspace.plan(recipe)
        let estimate = CostModel(gigaflops: 10).estimates(of: plan)[0]
        // 200 answers of 30 tokens each at 8 for a million, and a first request.
        #expect(estimate.requests == 201)
        #expect(try #require(estimate.money) > 200 * 30 * 8 / 1e6 && estimate.money! < 0.06)
        let table = plan.table(with: CostModel(gigaflops: 10), runs: workspace.url)
        #expect(table.contains("requests") && table.contains("cost") && table.contains("≈ 201"))
        let json = try plan.json(with: CostModel(gigaflops: 10))
        #expect(json.contains("\"requests\":201") || json.contains("\"requests\" : 201"))
        let local = try workspace.plan(sampleRecipe)
        #expect(!local.table(with: CostModel(gigaflops: 10), runs: workspace.url).contains("requests"))
    }

    @Test func aMissingKeyIsFoundBeforeAnyStage() throws {
        let plan = try workspace.plan(recipe)
        let error = #expect(throws: UserError.self) {
            try RecipeRunner(
                toolVersion: "1", runs: workspace.url.appending(path: "runs"), progress: { _ in }
            ).run(plan)
        }
        #expect(error?.problem.contains("LARGE_KEY") == true)
        #expect(!workspace.exists("runs/api"))
    }
}
