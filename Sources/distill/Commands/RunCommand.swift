import ArgumentParser
import Foundation
import Hub
import Recipes

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a recipe.",
        discussion: """
            After an interruption at any moment the same command resumes where it stopped. Finished stages whose options \
            and inputs have not changed are reused. Results go to runs/NAME.

            EXAMPLES
              distill run recipes/quickstart.yaml
              distill run recipes/quickstart.yaml --dry-run
              distill run recipes/quickstart.yaml --set stages.train.tokens=100_000 --set student.width=64
            """)

    @Argument(help: "The recipe: a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Override a value of the recipe, such as student.width=64; may be repeated.",
            valueName: "key=value"))
    var overrides: [String] = []

    @Flag(help: "Print the plan with estimated time, memory and disk, and run nothing.")
    var dryRun = false

    @Flag(help: "Run every stage again.")
    var fresh = false

    @Option(help: ArgumentHelp("The directory for run directories.", valueName: "directory"))
    var runs = "runs"

    @Flag(help: "Print the results, or the plan with --dry-run, as JSON.")
    var json = false

    @OptionGroup(title: "General") var general: GeneralFlags

    /// How this command was started: it need not be installed.
    private static var ownName: String {
        CommandLine.arguments[0].contains(".build/") ? "swift run -c release distill" : "distill"
    }

    /// The recipe, with models downloaded that it names, unless nothing is to be run.
    private func recipeFile() throws -> RecipeFile {
        if dryRun { return try RecipeFile(contentsOf: recipe, overrides: overrides) }
        return try RecipeFile(contentsOf: recipe, overrides: overrides) { _ = try general.download($0) }
    }

    func run() throws {
        try general.running(advice: "finished work is kept; run the same command to resume") {
            let plan = try Plan(recipeFile())
            if dryRun {
                let cost = CostModel.ofThisMachine
                if json { return try printJSON(text: plan.json(with: cost)) }
                return try Console.print(
                    plan.table(with: cost, runs: URL(filePath: runs, directoryHint: .isDirectory)))
            }
            let progress = general.progressLine()
            defer { progress.clear() }
            let runner = RecipeRunner(
                toolVersion: toolVersion,
                runs: URL(filePath: runs, directoryHint: .isDirectory), progress: progress.handler)
            let outcome = try runner.run(plan, fresh: fresh)
            progress.clear()
            if json {
                try printJSON(text: outcome.json())
            } else {
                let table = outcome.report.terminalText(colour: Terminal.hasColour(Terminal.standardOutput))
                if !table.isEmpty { try Console.print(styled: table) }
                try Console.print(
                    "\(outcome.directory.relativePath): \(outcome.performed) stages done, \(outcome.reused) reused"
                )
                if let student = plan.finalModel {
                    let model = "\(outcome.directory.relativePath)/\(student)"
                    try Console.print("next: \(Self.ownName) chat \(model)")
                }
            }
        }
    }
}
