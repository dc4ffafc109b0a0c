import ArgumentParser
import Recipes

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check recipes without running them.",
        discussion: """
            Every problem is reported with its line and column and the accepted values.

            EXAMPLES
              distill validate recipes/*.yaml
              distill validate --keys > keys.md
            """)

    @Argument(help: "The recipes: YAML files.", completion: .file(extensions: ["yaml", "yml"]))
    var recipes: [String] = []

    @Flag(help: "Print the reference of all recipe keys as Markdown.")
    var keys = false

    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    /// What `validate --json` prints.
    private struct Summary: Encodable {
        struct Recipe: Encodable {
            let path: String
            let valid: Bool
            /// Counts of a valid recipe.
            var stages, variants: Int?
            /// The lines of the message about an invalid one.
            var problems: [String] = []
        }
        var recipes: [Recipe] = []
    }

    func validate() throws {
        if recipes.isEmpty, !keys { throw ValidationError("name at least one recipe, or give --keys") }
        if json, keys { throw ValidationError("--json and --keys both print to standard output") }
    }

    func run() throws {
        if keys { try general.running { try Console.write(KeyReference.markdown) } }
        var worst: ExitCode?
        var summary = Summary()
        for recipe in recipes {
            do {
                try general.running {
                    let file: RecipeFile
                    do {
                        file = try RecipeFile(contentsOf: recipe)
                    } catch {
                        let lines = Failure.explanation(of: error).message.split(separator: "\n")
                        summary.recipes.append(
                            .init(path: recipe, valid: false, problems: lines.map(String.init)))
                        throw error
                    }
                    let (stages, variants) = (file.recipe.stageCount, file.variants.count)
                    summary.recipes.append(
                        .init(path: recipe, valid: true, stages: stages, variants: variants))
                    guard !json else { return }
                    let variantText = variants == 0 ? "" : ", \(variants) variants"
                    try Console.print("\(recipe): valid, \(stages) stages\(variantText)")
                }
            } catch let code as ExitCode {
                worst = worst ?? code
            }
        }
        if json { try general.running { try printJSON(summary) } }
        if let worst { throw worst }
    }
}
