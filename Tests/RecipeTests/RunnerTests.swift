import Foundation
import RecipeSchema
import Support
import Testing

@testable import Recipes
@testable import Reports

/// Writes small outputs, counts its calls, and fails where told to, as if the process had been killed.
private final class FakeExecutor {
    struct Killed: Error {}

    private(set) var calls: [String] = []
    /// The label of the stage that is killed in the middle.
    var kills: String?

    func run(_ stage: any Stage, _ context: StageContext) throws -> StageResult {
        calls.append(context.label)
        context.progress(.began(stage: context.label, total: 2, unit: "steps"))
        let half = context.work.appending(path: "half")
        let resumes = FileManager.default.fileExists(atPath: half.path)
        try Data("half".utf8).write(to: half)
        if context.label == kills { throw Killed() }
        switch stage {
        case let train as TrainStage:
            // Inputs are there.
            for reference in train.corpus.map(\.source) + [train.tokenizer] {
                _ = try context.url(of: reference).checkResourceIsReachable()
            }
            try FileManager.default.createDirectory(at: context.output, withIntermediateDirectories: true)
            try Data("weights".utf8).write(to: context.output.appending(path: "weights"))
            if train.peer != nil {
                try FileManager.default.createDirectory(
                    at: context.outputs[1], withIntermediateDirectories: true)
            }
            try context.metrics.truncate(after: -1)
            for step in 0..<3 {
                let heldOut = step == 2 ? ["validation_loss": 1.5] : [:]
                try context.metrics.append(step: step, heldOut.merging(["loss": 3 - Double(step)]) { $1 })
            }
        case let evaluate as EvaluateStage:
            let scores = ModelScores(
                model: evaluate.models[0].name, parameters: 1_000_000, bytes: 4_000_000,
                kl: MeasuredValue(evaluate.models[0].name == "teacher" ? 0 : 0.25, standardError: 0.01))
            try JSONEncoder.forRecords.encode(scores).write(to: context.output)
        case is ReportStage: Issue.record("a report is not executed")
        default: try Data(context.label.utf8).write(to: context.output)
        }
        return StageResult(
            summary: resumes ? "resumed" : "done", metrics: ["tokens": 10, "bytes_per_position": 30])
    }
}

@Suite struct RunnerTests {
    let workspace: Workspace
    private let fake = FakeExecutor()

    init() throws { workspace = try Workspace() }

    private var runner: RecipeRunner {
        var runner = RecipeRunner(
            toolVersion: "test",
            runs: workspace.url.appending(path: "runs", directoryHint: .isDirectory), progress: { _ in })
        runner.perform = fake.run
        return runner
    }

    private let labels = [
        "generate corpus", "label signals", "train student", "evaluate teacher", "evaluate student",
    ]

    @Test func aRunLeavesWhatItPromises() throws {
        let outcome = try runner.run(try workspace.plan(sampleRecipe))
        #expect(fake.calls == labels)
        #expect(outcome.performed == 5)
        for name in [
            "recipe.yaml", "run.json", "events.jsonl", "report.md", "report.html", "student", "signals",
            "corpus.jsonl", "evaluation-student.json",
        ] {
            #expect(workspace.exists("runs/sample/\(name)"), "\(name)")
        }
        // The link is relative: a moved run directory stays whole.
        let target = try FileManager.default.destinationOfSymbolicLink(
            atPath: workspace.url.appending(path: "runs/sample/student").path)
        #expect(target.hasPrefix("stages/train-"))
        #expect(!workspace.contents.contains { $0.hasSuffix("/work") })
        let curves = outcome.report.runs[0].curves
        #expect(curves.map(\.quantity) == [.loss, .heldOutLoss])
        #expect(curves.map(\.points.count) == [3, 1])
        #expect(try workspace.read("runs/sample/report.html").contains("<h2>Held-out loss</h2>"))
    }

    /// A model's row has the metrics of the stages it came from: a variant without signals has none of theirs.
    @Test func metricsOfAModelsOwnStages() throws {
        let text = sampleRecipe.replacing(
            "report: {}",
            with: "report: {metrics: {bytes: signals.bytes_per_position, length: student.tokens}}")
        let variants = """
            variants:
              - name: cached
              - {name: plain, set: {stages.train.signals: null, stages.train.losses: [{kind: cross_entropy}]}}

            """
        let outcome = try runner.run(try workspace.plan(text + variants))
        let metrics = outcome.report.runs.map { run in
            run.models.map { ($0.scores.metrics ?? []).map(\.label) }
        }
        #expect(metrics == [[[], ["bytes", "length"]], [[], ["length"]]])
        let table = outcome.report.scoreTable
        #expect(table[0].suffix(2) == ["bytes", "length"])
        #expect(table[2].suffix(2) == ["30.0", "10"] && table[3].suffix(2) == ["–", "10"])
    }

    @Test func everyExitIsMeasuredAndShown() throws {
        let outcome = try runner.run(
            try workspace.plan(
                sampleRecipe.replacing(
                    "models: [teacher, student]", with: "models: [student, {model: student, exit: 1}]")))
        #expect(fake.calls.suffix(2) == ["evaluate student", "evaluate student, exit 1"])
        #expect(workspace.exists("runs/sample/evaluation-student-exit-1.json"))
        #expect(outcome.report.runs[0].models.map(\.scores.model) == ["student", "student, exit 1"])
    }

    /// Of a stage that trains two models both are results: named, measured, used and shown.
    @Test func aStageMayMakeTwoModels() throws {
        let plan = try workspace.plan(
            sampleRecipe.replacing("signals: signals\n", with: "peer: {to: other}\n").replacing(
                "models: [teacher, student]", with: "models: [student, other]"))
        _ = try runner.run(plan)
        #expect(fake.calls.suffix(2) == ["evaluate student", "evaluate other"])
        let run = workspace.url.appending(path: "runs/sample")
        for (name, directory) in [("student", "model"), ("other", "peer")] {
            let target = try FileManager.default.destinationOfSymbolicLink(
                atPath: run.appending(path: name).path)
            #expect(target.hasPrefix("stages/train-") && target.hasSuffix("/\(directory)"), "\(target)")
        }
        #expect(Set(plan.stages.map(\.cacheKey)).count == plan.stages.count)
        #expect(try runner.run(plan).reused == plan.stages.count)
        // Half of what a stage makes is no finished stage.
        try FileManager.default.removeItem(at: run.appending(path: "other").resolvingSymlinksInPath())
        #expect(try runner.run(plan).performed == 1)
    }

    @Test func nothingIsDoneTwice() throws {
        let plan = try workspace.plan(sampleRecipe)
        _ = try runner.run(plan)
        let again = try runner.run(plan)
        #expect(fake.calls == labels)
        #expect(again.reused == 5)
        _ = try runner.run(try workspace.plan(sampleRecipe, set: ["stages.train.tokens=5"]))
        #expect(fake.calls == labels + ["train student", "evaluate student"])
        _ = try runner.run(plan, fresh: true)
        #expect(fake.calls.count == 12)
        // Of the two students only the last recipe's is shown, and --fresh removed the other.
        #expect(
            workspace.contents.filter { $0.contains("stages/train-") && $0.hasSuffix("stage.json") }.count
                == 1)
    }

    @Test func aKilledStageGoesOnFromItsWork() throws {
        fake.kills = "train student"
        let plan = try workspace.plan(sampleRecipe)
        #expect(throws: FakeExecutor.Killed.self) { try runner.run(plan) }
        #expect(!workspace.exists("runs/sample/student"))
        #expect(!workspace.exists("runs/sample/report.md"))
        let record = try JSONDecoder.forRecords.decode(
            RunRecord.self, from: Data(workspace.read("runs/sample/run.json").utf8))
        #expect(record.finished == nil)
        fake.kills = nil
        let outcome = try runner.run(plan)
        #expect(outcome.reused == 2)
        #expect(outcome.report.stages.map(\.summary) == ["done", "done", "resumed", "done", "done"])
        #expect(fake.calls == Array(labels.prefix(3)) + Array(labels.dropFirst(2)))
    }

    @Test func onlyThisRecipesResultsAreShown() throws {
        _ = try runner.run(try workspace.plan(sampleRecipe))
        fake.kills = "train pupil"
        let changed = sampleRecipe.replacing("tokens: 1_000_000", with: "tokens: 5\n      to: pupil")
            .replacing("[teacher, student]", with: "[teacher, pupil]")
        #expect(throws: FakeExecutor.Killed.self) { try runner.run(try workspace.plan(changed)) }
        #expect(!workspace.exists("runs/sample/student"))
        #expect(!workspace.exists("runs/sample/report.md"))
        #expect(workspace.exists("runs/sample/corpus.jsonl"))
    }

    @Test func aFinishedStageWithoutItsOutputIsDoneAgain() throws {
        let plan = try workspace.plan(sampleRecipe)
        _ = try runner.run(plan)
        let output = plan.stages[0]
        try FileManager.default.removeItem(
            at: workspace.url.appending(path: "runs/sample/stages/\(output.directoryName)/corpus.jsonl"))
        #expect(try runner.run(plan).performed == 1)
    }

    /// Faults found, line 11: what a finished stage left is compared with its digests before it is reused.
    @Test func aDamagedStageIsDoneAgainAndSaysWhy() throws {
        let plan = try workspace.plan(sampleRecipe)
        _ = try runner.run(plan)
        var notes: [String] = []
        var listening = runner
        listening.progress = { if case .note(let text) = $0, text.contains("damaged") { notes.append(text) } }
        for (stage, file) in [
            (0, "corpus.jsonl"), (2, "model/weights"), (2, "metrics.jsonl"), (1, "stage.json"),
            (4, "evaluation.json"),
        ] {
            let url = workspace.url.appending(
                path: "runs/sample/stages/\(plan.stages[stage].directoryName)/\(file)")
            let whole = try Data(contentsOf: url)
            var bytes = whole
            // In a record, a digit of a figure: still JSON, and another number.
            let place = try file == "stage.json" ? #require(bytes.range(of: Data("10".utf8))).lowerBound : 3
            bytes[place] ^= 1
            try bytes.write(to: url)
            notes = []
            #expect(try listening.run(plan).performed == 1, "\(file)")
            #expect(notes.count == 1 && notes[0].contains(file) && notes[0].contains("is done again"))
            if file != "stage.json" { #expect(try Data(contentsOf: url) == whole) }
            #expect(try listening.run(plan).performed == 0)
        }
    }

    @Test func aDirectoryInUseNamesItsProcess() throws {
        let plan = try workspace.plan(sampleRecipe)
        let directory = workspace.url.appending(path: "runs/sample")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let lock = try DirectoryLock(directory: directory)
        #expect {
            try runner.run(plan)
        } throws: { error in
            let error = error as? UserError
            return error?.status == .temporaryFailure && error?.problem.contains("\(getpid())") == true
        }
        withExtendedLifetime(lock) {}
        #expect(fake.calls.isEmpty)
    }

    @Test func aDirectoryOfAnotherRecipeIsLeftAlone() throws {
        _ = try runner.run(try workspace.plan(sampleRecipe))
        let before = workspace.contents
        let other = try workspace.plan(sampleRecipe, named: "other.yaml")
        for fresh in [false, true] {
            #expect {
                try runner.run(other, fresh: fresh)
            } throws: { error in
                "\(error)".contains("belongs to another recipe") && "\(error)".contains("recipe.yaml")
            }
        }
        #expect(workspace.contents == (before + ["other.yaml"]).sorted())
        // Where the first recipe is gone, nobody else owns the directory.
        try FileManager.default.removeItem(at: workspace.url.appending(path: "recipe.yaml"))
        #expect(try runner.run(other).reused == 5)
    }

    @Test func aForeignDirectoryIsLeftAlone() throws {
        let directory = workspace.url.appending(path: "runs/sample")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try workspace.write("runs/sample/thesis.tex", "precious")
        let plan = try workspace.plan(sampleRecipe)
        #expect(throws: UserError.self) { try runner.run(plan, fresh: true) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["thesis.tex"])
    }

    @Test func aRunsOwnSnapshotCanBeRun() throws {
        _ = try runner.run(try workspace.plan(sampleRecipe, set: ["stages.train.tokens=5"]))
        let file = try RecipeFile(contentsOf: "runs/sample/recipe.yaml", directory: workspace.url)
        #expect(try runner.run(try Plan(file)).reused == 5)
    }

    @Test func aStudyHasAFolderARun() throws {
        let text = sampleRecipe + "variants: [{name: a}, {name: b, set: {stages.train.tokens: 9}}]\n"
        let outcome = try runner.run(try workspace.plan(text))
        #expect(workspace.exists("runs/sample/a/student"))
        #expect(workspace.exists("runs/sample/b/corpus.jsonl"))
        #expect(outcome.performed == 7)
        #expect(outcome.report.study?.rows.map(\.name) == ["teacher", "a: student", "b: student"])
    }

    @Test func nothingIsWrittenForABadRecipe() throws {
        #expect(throws: RecipeError.self) {
            try workspace.plan(sampleRecipe.replacing("seed: 17", with: "seed: x"))
        }
        #expect(!workspace.exists("runs"))
    }

    /// The cache keys of earlier versions are others: nothing there could be reused.
    @Test func aDirectoryOfAnotherVersionIsRefused() throws {
        let plan = try workspace.plan(sampleRecipe)
        _ = try runner.run(plan)
        let old = try workspace.read("runs/sample/run.json").replacing(
            "\"format\" : 2", with: "\"format\" : 1")
        try workspace.write("runs/sample/run.json", old)
        let error = try #require(throws: UserError.self) { try runner.run(plan) }
        #expect(error.problem.contains("was written by another version of distill (format 1"))
        #expect(error.hint?.contains("--fresh") == true)
        #expect(try runner.run(plan, fresh: true).performed == 5)
    }

    @Test func metricsAreCutWhereAStageGoesOn() throws {
        let url = workspace.url.appending(path: "metrics.jsonl")
        let log = MetricsLog(at: url)
        for step in 1...5 { try log.append(step: step, ["loss": Double(step), "rate": .infinity]) }
        // A killed process tore the last line.
        let handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"step\":6".utf8))
        let resumed = MetricsLog(at: url)
        try resumed.truncate(after: 3)
        try resumed.append(step: 4, ["loss": 40])
        #expect(try MetricsLog.read(url).map(\.step) == [1, 2, 3, 4])
        #expect(try MetricsLog.read(url).last?.values == ["loss": 40])
    }
}
