import ArgumentParser
import Foundation
import Recipes

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Carry out a recipe.",
        discussion: """
            A run interrupted at any moment goes on where it stopped when it is started again; finished stages whose \
            settings and inputs have not changed are reused.

            EXAMPLES
              distill run recipes/quickstart.yaml
              distill run recipes/quickstart.yaml --dry-run
              distill run recipes/quickstart.yaml --set stages.train.tokens=100_000 --set student.width=64
            """)

    @Argument(help: "The recipe: a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Change a value of the recipe, such as student.width=64.", valueName: "key=value"))
    var overrides: [String] = []

    @Flag(help: "Show the plan with estimates of time, memory and disk; write nothing.")
    var dryRun = false

    @Flag(help: "Do every stage again.")
    var fresh = false

    @Option(help: ArgumentHelp("Where run directories are made.", valueName: "directory"))
    var runs = "runs"

    @Flag(help: "Print the results, or the plan of --dry-run, as JSON.")
    var json = false

    @OptionGroup(title: "General") var general: GeneralFlags

    /// Multiplications a second that two cores of the kind common in small machines reach, in 10⁹ operations.
    static let usualGigaflops = 160.0

    /// What people type to run this command: it need not be installed.
    private static var ownName: String {
        CommandLine.arguments[0].contains(".build/") ? "swift run -c release distill" : "distill"
    }

    func run() throws {
        try general.running(advice: "what is finished is kept; the same command goes on from there") {
            let plan = try Plan(try RecipeFile(contentsOf: recipe, overrides: overrides))
            if dryRun {
                let cost = CostModel(gigaflops: Self.usualGigaflops)
                if json { return try printJSON(text: plan.json(with: cost)) }
                return try Console.print(
                    plan.table(with: cost, runs: URL(filePath: runs, directoryHint: .isDirectory)))
            }
            let progress = general.progressLine()
            defer { progress.clear() }
            let runner = RecipeRunner(
                executors: StandardExecutors.all, toolVersion: Distill.configuration.version,
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
