import ArgumentParser
import Recipes

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check recipes without running them.",
        discussion: """
            Every mistake is reported with its line and column, and what would be accepted.

            EXAMPLES
              distill validate recipes/*.yaml
              distill validate --keys > keys.md
            """)

    @Argument(help: "Recipes.", completion: .file(extensions: ["yaml", "yml"]))
    var recipes: [String] = []

    @Flag(help: "Print the reference of all keys of a recipe, as Markdown.")
    var keys = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        if recipes.isEmpty, !keys { throw ValidationError("Name at least one recipe, or give --keys.") }
    }

    func run() throws {
        if keys { try general.running { try Console.write(KeyReference.markdown) } }
        var worst: ExitCode?
        for recipe in recipes {
            do {
                try general.running {
                    let file = try RecipeFile(contentsOf: recipe)
                    let variants = file.variants.isEmpty ? "" : ", \(file.variants.count) variants"
                    try Console.print("\(recipe): valid, \(file.recipe.stages.count) stages\(variants)")
                }
            } catch let code as ExitCode {
                worst = worst ?? code
            }
        }
        if let worst { throw worst }
    }
}
