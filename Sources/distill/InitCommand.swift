import ArgumentParser
import Foundation
import Recipes
import Support

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a recipe to start from.",
        discussion: """
            The recipe distils data/teacher; every key has a comment. An existing file is not replaced.

            EXAMPLES
              distill init
              distill init my-student.yaml
            """)

    @Argument(help: "The file to write.", completion: .file(extensions: ["yaml"]))
    var file = "recipe.yaml"

    func run() async throws {
        try Failure.reporting {
            let url = URL(filePath: file)
            if FileManager.default.fileExists(atPath: url.path) {
                throw UserError(
                    "the file exists", file: file, remedy: "name another, or remove it", status: .cannotCreate
                )
            }
            let stem = url.deletingPathExtension().lastPathComponent
            try AtomicFile.write(Data(StarterRecipe.text(forFileNamed: stem).utf8), to: url)
            print("\(file): written; try: distill validate \(file)")
        }
    }
}
