import Checkpoints
import Foundation
import Testing

@testable import Recipes

@Suite struct PlanTests {
    /// Faults found, line 19: directories and patterns stand for files in recipes too; a stage depends on what is in them.
    @Test(arguments: ["data/texts", "data/texts/*.jsonl"])
    func directoriesAndPatternsAreCorpora(corpus: String) throws {
        let workspace = try Workspace()
        try FileManager.default.createDirectory(
            at: workspace.url.appending(path: "data/texts"), withIntermediateDirectories: true)
        try workspace.write("data/texts/a.jsonl", "{\"text\": \"one\"}")
        let text = sampleRecipe.replacing("perplexity: data/text.jsonl", with: "perplexity: \(corpus)")
        let first = try workspace.plan(text).stages.map(\.cacheKey)
        try workspace.write("data/texts/b.jsonl", "{\"text\": \"two\"}")
        let second = try workspace.plan(text).stages.map(\.cacheKey)
        #expect(first.count == second.count && zip(first, second).filter { $0 != $1 }.count == 2)
    }

    /// Faults found, line 6: how texts are divided changes what is made of them; the default leaves cache keys alone.
    @Test func theDivisionOfTextsIsPartOfTheCacheKey() throws {
        let workspace = try Workspace()
        func keys(_ documents: String) throws -> [String] {
            try workspace.plan(
                sampleRecipe.replacing("label: {corpus", with: "label: {\(documents)corpus")
            ).stages.map(\.cacheKey.hexadecimal)
        }
        #expect(try keys("") == keys("documents: paragraph, "))
        #expect(try keys("")[1] != keys("documents: file, ")[1])
    }

    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    /// The kinds of the stages whose cache keys differ between two plans of the same stages.
    private func changed(_ first: Plan, _ second: Plan) -> [String] {
        precondition(first.stages.count == second.stages.count)
        return zip(first.stages, second.stages).filter { $0.cacheKey != $1.cacheKey }.map(\.0.label)
    }

    @Test func anEvaluationIsOneStageAModel() throws {
        let plan = try workspace.plan(sampleRecipe)
        #expect(
            plan.stages.map(\.label) == [
                "generate corpus", "label signals", "train student", "evaluate teacher", "evaluate student",
            ])
        #expect(plan.report != nil)
    }

    @Test(arguments: [
        // What changes a stage changes all that follows from it, and nothing else.
        (
            "stages.generate.samples=2",
            ["generate corpus", "label signals", "train student", "evaluate student"]
        ),
        ("stages.label.signal.draws=9", ["label signals", "train student", "evaluate student"]),
        ("stages.train.tokens=5", ["train student", "evaluate student"]),
        ("student.width=32", ["train student", "evaluate student"]),
        ("stages.evaluate.context=64", ["evaluate teacher", "evaluate student"]),
        ("seed=18", ["generate corpus", "label signals", "train student", "evaluate student"]),
        ("stages.train.seed=18", ["train student", "evaluate student"]),
        ("stages.train.seed_offset=1", ["train student", "evaluate student"]),
        // Writing a default out, renaming, and what does not change the result leave the cache keys alone.
        ("stages.train.schedule.kind=cosine", []),
        ("student.key_value_heads=2", []),
        ("stages.train.tokens=1e6", []),
        ("stages.train.checkpoint_every=5", []),
        ("stages.train.validate={on: data/text.jsonl}", []),
        ("stages.train.seed=17", []),
        ("stages.train.seed_offset=0", []),
        ("stages.train.losses.1.weight={from: 1, to: 0.5}", ["train student", "evaluate student"]),
        ("description=other", []),
        ("name=other", []),
    ])
    func cacheKeysFollowWhatMatters(override: String, expected: [String]) throws {
        let plan = try workspace.plan(sampleRecipe)
        #expect(changed(plan, try workspace.plan(sampleRecipe, set: [override])) == expected)
    }

    /// A student pruned from the teacher takes stages before all others, and `teacher` is the one with the student's pieces.
    @Test func aPrunedStudentTakesStagesOfItsOwn() throws {
        let change = "student={from: teacher, layers: 1, vocabulary: {trim_to: 50, corpus: data/text.jsonl}}"
        let plan = try workspace.plan(sampleRecipe, set: [change])
        #expect(
            plan.stages.map(\.label) == [
                "prune restricted-teacher", "prune initial-student", "generate corpus", "label signals",
                "train student", "evaluate teacher", "evaluate student",
            ])
        let (teacher, student) = (plan.stages[0], plan.stages[1])
        let restriction = try #require(teacher.stage as? PruneStage)
        let pruning = try #require(student.stage as? PruneStage)
        let training = try #require(plan.stages[4].stage as? TrainStage)
        let labelling = try #require(plan.stages[3].stage as? LabelStage)
        #expect(restriction.precision == .stored && restriction.settings.plan.layers == nil)
        #expect(restriction.settings.plan.vocabulary?.size == 50)
        #expect(pruning.precision == .f32 && pruning.settings.plan.layers == .count(1))
        #expect(pruning.settings.plan.vocabulary == nil)
        #expect(student.inputs[pruning.model.target] == .output(0, of: teacher.cacheKey))
        #expect(plan.stages[3].inputs[labelling.model.target] == .output(0, of: teacher.cacheKey))
        #expect(plan.stages[4].inputs[training.tokenizer.target] == .output(0, of: student.cacheKey))
        // The whole teacher's cache key plays a part, and so does what is kept.
        let other = try workspace.plan(
            sampleRecipe, set: [change.replacing("layers: 1", with: "layers: [2], corpus: data/text.jsonl")])
        #expect(
            changed(plan, other) == [
                "prune restricted-teacher", "prune initial-student", "generate corpus", "label signals",
                "train student", "evaluate teacher", "evaluate student",
            ])
        let fewer = try workspace.plan(sampleRecipe, set: [change.replacing("layers: 1", with: "layers: 2")])
        #expect(changed(plan, fewer) == ["prune initial-student", "train student", "evaluate student"])
        // Layers alone leave the teacher as it is.
        let layers = try workspace.plan(sampleRecipe, set: ["student={from: teacher, layers: [2]}"])
        #expect(layers.stages.map(\.label).prefix(2) == ["prune initial-student", "generate corpus"])
        let shape = CostModel(gigaflops: 1).estimates(of: layers)
        #expect(shape.allSatisfy { $0.seconds > 0 })
    }

    @Test func renamingAnOutputChangesNothing() throws {
        let renamed = sampleRecipe.replacing("to: corpus", with: "to: answers").replacing(
            "corpus: corpus", with: "corpus: answers")
        #expect(changed(try workspace.plan(sampleRecipe), try workspace.plan(renamed)) == [])
    }

    @Test func filesCountByContent() throws {
        let plan = try workspace.plan(sampleRecipe)
        try workspace.write("data/copy.jsonl", try workspace.read("data/prompts.jsonl"))
        let copied = try workspace.plan(sampleRecipe, set: ["stages.generate.prompts=data/copy.jsonl"])
        #expect(changed(plan, copied) == [])
        try workspace.write("data/text.jsonl", "{\"text\":\"twice\"}\n")
        #expect(changed(plan, try workspace.plan(sampleRecipe)) == ["evaluate teacher", "evaluate student"])
        try TinyModel.save(to: workspace.url.appending(path: "data/teacher"), seed: 2)
        #expect(changed(plan, try workspace.plan(sampleRecipe)).count == plan.stages.count)
        let before = try workspace.plan(sampleRecipe)
        try workspace.write("data/teacher/.lock", "1")
        #expect(changed(before, try workspace.plan(sampleRecipe)) == [])
    }

    /// Of a model in several GGUF files every part counts, and so behind the links of a cache, whose blobs have other names.
    @Test func allPartsOfAModelCount() throws {
        for first in ["big-00001-of-00002.gguf", "link/big-00001-of-00002.gguf"] {
            let workspace = try Workspace()
            for (name, text) in [("big-00001-of-00002.gguf", "one"), ("big-00002-of-00002.gguf", "two")] {
                try workspace.write(name, text)
                let link = workspace.url.appending(path: "link")
                try FileManager.default.createDirectory(at: link, withIntermediateDirectories: true)
                try workspace.write("blob-\(text)", text)
                try FileManager.default.createSymbolicLink(
                    atPath: link.appending(path: name).path, withDestinationPath: "../blob-\(text)")
            }
            try workspace.write(
                "recipe.yaml", sampleRecipe.replacing("teacher: data/teacher", with: "teacher: \(first)"))
            // What is in them is no model.
            func plan() throws -> Plan {
                try Plan(RecipeFile(contentsOf: "recipe.yaml", directory: workspace.url, checksFiles: false))
            }
            let before = try plan()
            try workspace.write("big-00002-of-00002.gguf", "three")
            try workspace.write("blob-two", "three")
            #expect(changed(before, try plan()).count == before.stages.count, "\(first)")
        }
    }

    @Test func aStudySharesWhatIsAlike() throws {
        let text =
            sampleRecipe + """
                variants:
                  - {name: short, set: {stages.train.tokens: 500}}
                  - name: long
                  - {name: more, set: {stages.label.signal.draws: 16}}
                seeds: [1, 2]

                """
        let plan = try workspace.plan(text)
        #expect(
            plan.runs.map(\.folder) == [
                "short-seed-1", "short-seed-2", "long-seed-1", "long-seed-2", "more-seed-1", "more-seed-2",
            ])
        let counts = Dictionary(grouping: plan.stages, by: \.kind).mapValues(\.count)
        // One corpus, a cache for each setting of it, a student a run, the teacher measured once.
        #expect(counts == ["generate": 1, "label": 2, "train": 6, "evaluate": 7])
        #expect(plan.stages.map(\.label).contains("train student (short-seed-2)"))
        #expect(plan.stages.map(\.label).contains("label signals (more)"))
        #expect(plan.stages.map(\.label).contains("evaluate teacher"))
        #expect(plan.stages.filter { $0.kind == "train" }.map(\.seed) == [1, 2, 1, 2, 1, 2])
        #expect(plan.stages.filter { $0.kind == "label" }.map(\.seed) == [17, 17])
    }

    @Test func anOffsetIsAddedToTheSeedOfTheRun() throws {
        let recipe = sampleRecipe + "seeds: [1, 2]\n"
        let plan = try workspace.plan(recipe, set: ["stages.train.seed_offset=10"])
        #expect(plan.stages.filter { $0.kind == "train" }.map(\.seed) == [11, 12])
    }

    @Test func stagesComeAfterWhatTheyRead() throws {
        let plan = try workspace.plan(sampleRecipe)
        for (index, instance) in plan.stages.enumerated() {
            for case .output(_, let key) in instance.inputs.values {
                #expect(plan.stages[..<index].contains { $0.cacheKey == key })
            }
        }
    }

    @Test func parametersAreCounted() throws {
        let shape = try Checkpoint.configuration(at: workspace.url.appending(path: "data/teacher"))
        // Embedding 100·16; a block has 4·16·16 attention, 3·16·32 feed-forward and two norms of 16; a final norm.
        #expect(shape.cost.parameters == Double(100 * 16 + 2 * (4 * 256 + 3 * 512 + 32) + 16))
    }

    @Test func costsGrowWithTheWork() throws {
        let cost = CostModel(gigaflops: 100)
        let small = cost.estimates(of: try workspace.plan(sampleRecipe))
        let large = cost.estimates(
            of: try workspace.plan(sampleRecipe, set: ["stages.train.tokens=2_000_000"]))
        #expect(small.count == 5)
        #expect(small.allSatisfy { $0.memoryBytes > 0 && $0.diskBytes > 0 && $0.seconds > 0 })
        #expect(abs(large[2].seconds / small[2].seconds - 2) < 1e-9)
        let total = CostModel.total(of: small)
        #expect(total.memoryBytes == small.map(\.memoryBytes).max())
        #expect(abs(total.seconds - small.map(\.seconds).reduce(0, +)) < 1e-9)
    }

    /// Faults found, line 18: of a file of which few records are read, few cost anything.
    @Test func recordsThatAreNotReadCostNothing() throws {
        let line = #"{"text":"\#(String(repeating: "once upon a time ", count: 40))"}"# + "\n"
        try workspace.write("data/long.jsonl", String(repeating: line, count: 100))
        func evaluation(_ limit: String) throws -> CostEstimate {
            let plan = try workspace.plan(
                sampleRecipe,
                set: [
                    "stages.evaluate.perplexity=data/long.jsonl", "stages.evaluate.limit=\(limit)",
                    "stages.evaluate.speed=false",
                ])
            return CostModel(gigaflops: 1).estimates(of: plan).last!
        }
        let (all, some, one) = try (evaluation("null"), evaluation("10"), evaluation("1"))
        #expect(abs(all.seconds / some.seconds - 10) < 1e-6)
        #expect(all.memoryBytes > some.memoryBytes && some.memoryBytes > one.memoryBytes)
    }

    /// Faults found, line 18: what is trained on and labelled of generated answers are their prompts too.
    @Test func generatedTextHoldsItsPrompts() throws {
        func label(_ prompt: String) throws -> CostEstimate {
            try workspace.write("data/prompts.jsonl", "{\"prompt\":\"\(prompt)\"}\n")
            return CostModel(gigaflops: 1).estimates(of: try workspace.plan(sampleRecipe))[1]
        }
        let (short, long) = try (label("a"), label(String(repeating: "once ", count: 100)))
        #expect(long.diskBytes > 2 * short.diskBytes && long.memoryBytes > short.memoryBytes)
    }
}
