import Foundation
import RecipeSchema
import Testing
import Training

@testable import Recipes

@Suite struct DecodingTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    @Test func readsAWholeRecipeWithItsDefaults() throws {
        let recipe = try workspace.recipe(sampleRecipe).recipe
        #expect(recipe.name == "sample")
        #expect(recipe.seed == 17)
        #expect(
            recipe.stages.map { type(of: $0).name } == ["generate", "label", "train", "evaluate", "report"])
        let train = recipe.train
        #expect(train.duration == .tokens(1_000_000))
        #expect(train.losses.map(\.kind) == [.crossEntropy, .forwardKL])
        #expect(train.losses.map(\.weight.start) == [0.3, 0.7])
        #expect(train.signals.map(\.target) == [.output(0, ofStage: 1)])
        #expect(train.corpus.map(\.source.target) == [.output(0, ofStage: 0)])
        #expect(train.tokenizer.target == .file("data/teacher"))
        #expect(train.schedule.shape == .cosine)
        #expect(train.schedule.warmup == .fraction(0.05))
        guard case .new(let shape) = train.model.origin else {
            Issue.record("the recipe's student is a new model")
            return
        }
        #expect(shape.keyValueHeads == 2)
        #expect(shape.headDimension == 8)
        #expect(shape.tiedHead)
        #expect(shape.contextLength == 512)
    }

    @Test func readsLossesWithTheirNumbersAndRamps() throws {
        let losses = """
            stages.train.losses=[{kind: alpha_beta, alpha: 0.5, standardize: true, temperature: {from: 4, to: 1}},
             {kind: cross_entropy, weight: {from: 1, to: 0, by: held_out_loss, goal: 1.5, shape: cosine}},
             {kind: jsd, weight: {from: 0, to: 2, begin: 0.25, end: 0.5}}]
            """.replacing("\n", with: "")
        let train = try workspace.recipe(
            sampleRecipe,
            set: [
                "stages.train.signals=null", "stages.train.teacher=teacher",
                "stages.train.validate={on: data/text.jsonl}", losses,
            ]
        ).recipe.train
        #expect(
            train.losses.map { $0.weighted(signalTemperature: nil) } == [
                WeightedLoss(
                    Loss(
                        .alphaBeta, temperature: 4, parameters: ["alpha": 0.5, "beta": 0.7],
                        standardizesLogits: true), temperatureRamp: Ramp(from: 4, to: 1)),
                WeightedLoss(
                    .crossEntropy,
                    weightRamp: Ramp(from: 1, to: 0, driver: .heldOutLoss(goal: 1.5), shape: .cosine)),
                WeightedLoss(
                    .jensenShannon(beta: 0.5, temperature: 1), weight: 0,
                    weightRamp: Ramp(from: 0, to: 2, driver: .steps(begin: 0.25, end: 0.5))),
            ])
    }

    @Test(arguments: [
        ("1_000_000", 1_000_000), ("2e6", 2_000_000), ("12", 12), ("+3", 3), ("1.0", 1),
    ])
    func acceptsIntegersAsPeopleWriteThem(text: String, value: Int) {
        #expect(integerValue(text) == value)
    }

    @Test(arguments: [
        "", "1.5", "abc", "1e400", "9999999999999999999", "0x10", ".inf", "nan", "1 2", "_1", "-",
    ])
    func refusesWhatIsNoInteger(text: String) { #expect(integerValue(text) == nil) }

    @Test(arguments: [
        ("2e-3", 2e-3), ("0.95", 0.95), ("1_000.5", 1000.5), (".5", 0.5), ("5.", 5), ("-1", -1),
    ])
    func acceptsNumbersAsPeopleWriteThem(text: String, value: Double) { #expect(numberValue(text) == value) }

    @Test func readsFromACheckpointAnEarlierStageMakes() throws {
        let text = sampleRecipe.replacing(
            "  - evaluate: {models: [teacher, student]",
            with: """
                  - train: {model: {from: student}, corpus: data/text.jsonl, losses: [{kind: cross_entropy}], steps: 5, to: tuned}
                  - evaluate: {models: [teacher, tuned]
                """)
        let recipe = try workspace.recipe(text).recipe
        guard let tuned = recipe.stages[3] as? TrainStage, case .checkpoint(let origin) = tuned.model.origin
        else {
            Issue.record("the fourth stage goes on from a checkpoint")
            return
        }
        #expect(origin.target == .output(0, ofStage: 2))
        // The tokenizer is the checkpoint's own.
        #expect(tuned.tokenizer.target == .output(0, ofStage: 2))
    }

    @Test func aCorpusMayHaveAWeight() throws {
        let text = sampleRecipe.replacing(
            "      corpus: corpus\n      signals: signals\n",
            with: "      corpus: [corpus, {source: data/text.jsonl, weight: 2}]\n      teacher: teacher\n")
        let train = try workspace.recipe(text).recipe.train
        #expect(train.corpus.map(\.weight) == [1, 2])
        #expect(train.teachers.map(\.model.target) == [.file("data/teacher")])
    }

    @Test func theSnapshotMeansTheSame() throws {
        let file = try workspace.recipe(sampleRecipe, set: ["stages.train.tokens=5000", "student.width=32"])
        let again = try workspace.recipe(try file.snapshot(), named: "snapshot.yaml")
        #expect(try Plan(again).stages.map(\.cacheKey) == Plan(file).stages.map(\.cacheKey))
        #expect(again.recipe.train.duration == .tokens(5000))
    }

    @Test func theStarterRecipeIsValid() throws {
        var text = StarterRecipe.text(forFileNamed: "My Model")
        for match in text.matches(of: /data\/world\/[a-z-]+\.jsonl/) {
            let file = match.output.hasSuffix("seen.jsonl") ? "questions" : "prompts"
            text = text.replacing(match.output, with: "data/\(file).jsonl")
        }
        let recipe = try workspace.recipe(text).recipe
        #expect(recipe.name == "my-model")
        #expect(
            recipe.stages.map { type(of: $0).name } == ["generate", "label", "train", "evaluate", "report"])
    }

    @Test func theReferenceListsEveryKeyWithItsDocumentation() {
        let markdown = KeyReference.markdown
        for line in [
            "| `key_value_heads` | integer, 1 to 1024 | heads |", "## Stage train: optimizer",
            "Only with kind: top_k.",
        ] {
            #expect(markdown.contains(line), "\(line)")
        }
        func check(_ keys: [KeyDeclaration]) {
            for key in keys {
                #expect(key.documentation.hasSuffix("."), "\(key.key) has a sentence")
                check(key.nested)
            }
        }
        check(KeyReference.top())
        StageRegistry.standard.kinds.forEach { check($0.declarations) }
    }
}
