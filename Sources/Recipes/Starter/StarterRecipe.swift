import Foundation
import RecipeSchema

/// The recipe that `distill init` writes for the files of this project: `data/teacher` and `data/world`.
public enum StarterRecipe {
    /// - Returns: `nil` if the files that it names are not there.
    public static func text(forFileNamed stem: String, validIn directory: URL) -> String? {
        let text = text(forFileNamed: stem)
        var reader = YAMLReader(origin: stem)
        guard let read = try? reader.read(text),
            (try? RecipeFile(
                tree: read.value, path: stem, overrides: [], directory: directory, checksFiles: true)) != nil
        else { return nil }
        return text
    }

    /// A recipe that distils a teacher into a student, with a comment on every key, from the schema's examples.
    ///
    /// - Parameter stem: The file's name without its extension; letters that a recipe's name cannot have become `-`.
    public static func text(forFileNamed stem: String = "my-student") -> String {
        let name = RecipeName.from(stem)
        var lines = [
            "# A recipe to start from: it lets the teacher write a corpus, stores its distributions, trains a student",
            "# on both, and measures it. Check it with `distill validate FILE`, run it with `distill run FILE`.",
        ]
        var top = KeyReference.top()
        for index in top.indices where top[index].key == "name" { top[index].example = name }
        write(top, indent: "", to: &lines)
        lines.append("stages:")
        let kinds: [any Stage.Type] = [
            GenerateStage.self, LabelStage.self, TrainStage.self, EvaluateStage.self,
        ]
        for kind in kinds {
            lines.append("  - \(kind.name):  # \(kind.summary)")
            write(kind.declarations, indent: "      ", to: &lines)
        }
        lines.append("  - report: {}  # \(ReportStage.summary)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ keys: [KeyDeclaration], indent: String, to lines: inout [String]) {
        for key in keys {
            guard let example = key.example else { continue }
            guard example == KeyDeclaration.nestedExample else {
                lines.append("\(indent)\(key.key): \(example)  # \(key.documentation)")
                continue
            }
            guard key.nested.contains(where: { $0.example != nil }) else { continue }
            lines.append("\(indent)\(key.key):  # \(key.documentation)")
            write(key.nested, indent: indent + "  ", to: &lines)
        }
    }
}
