import ArgumentParser
import Foundation
import Recipes
import Support

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a recipe to start from.",
        discussion: """
            With --teacher and --data, the recipe prunes a student from that teacher and trains it on that text. The \
            student's size, vocabulary, sequence length and training budget are chosen for both and for this machine; \
            comments say what to expect. Without them, the recipe uses the model and the text in the current directory, \
            or, in a clone of the project, data/teacher, with a comment on every key. An existing file is never \
            replaced.

            EXAMPLES
              distill init --teacher model.gguf --data chats.jsonl
              distill init my-student.yaml --teacher models/gemma --data books.txt --held-out other.txt
              distill init
            """)

    @Argument(help: "The recipe file to write.", completion: .file(extensions: ["yaml"]))
    var file = "recipe.yaml"

    @Option(
        help: ArgumentHelp(
            "The teacher: a Hugging Face directory, a GGUF file, or a name on the hub.", valueName: "model"))
    var teacher: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Text to train on: .jsonl or .txt files.", valueName: "text"))
    var data: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Held-out text for evaluation.", valueName: "text"))
    var heldOut: [String] = []
    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    /// What `init --json` prints.
    private struct Summary: Encodable {
        let path: String
        let teacher: String?
    }

    func validate() throws {
        if teacher == nil, !data.isEmpty || !heldOut.isEmpty {
            throw ValidationError("--data and --held-out need --teacher")
        }
        if teacher != nil, data.isEmpty { throw ValidationError("--teacher needs --data") }
    }

    func run() throws {
        try general.running {
            let url = URL(filePath: file)
            if FileManager.default.fileExists(atPath: url.path) {
                throw UserError(
                    "the file exists", file: file, hint: "name another, or remove it", status: .cannotCreate)
            }
            try AtomicFile.write(Data(try text().utf8), to: url)
            if json { return try printJSON(Summary(path: file, teacher: teacher)) }
            try Console.print("\(file): written; try: distill validate \(file)")
        }
    }

    private func text() throws -> String {
        let directory = URL(
            filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        let cost = CostModel.ofThisMachine
        if let teacher {
            _ = try general.model(teacher)
            return try StudentRecipe(teacher: teacher, data: data, heldOut: heldOut, directory: directory)
                .text(forFileNamed: file, cost: cost)
        }
        let stem = URL(filePath: file).deletingPathExtension().lastPathComponent
        if let starter = StarterRecipe.text(forFileNamed: stem, validIn: directory) { return starter }
        return try RecipeInputs(in: directory).recipe(in: directory).text(forFileNamed: file, cost: cost)
    }
}
