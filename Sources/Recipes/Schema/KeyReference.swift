/// The reference of all keys, as the schema declares them.
public enum KeyReference {
    /// Markdown: a table for the top level, then one for each stage and each mapping below.
    public static var markdown: String {
        var parts = ["# Keys of a recipe", tables("Top level", top.filter { $0.key != "stages" })]
        for kind in Stage.Kind.allCases {
            parts.append(tables("Stage \(kind.rawValue)", kind.declarations, introduction: kind.summary))
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    static var top: [KeyDeclaration] { KeyType<Recipe>.section(Recipe.self).nested() }

    private static func tables(_ title: String, _ keys: [KeyDeclaration], introduction: String? = nil)
        -> String
    {
        var parts = ["## \(title)"]
        if let introduction { parts.append(introduction) }
        let rows = keys.map { key in
            let when = key.condition.map { " Only \($0)." } ?? ""
            let cells = ["`\(key.key)`", key.type, key.defaultText ?? "required", key.documentation + when]
            return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
        }
        parts.append(
            (["| key | value | default | meaning |", "| --- | --- | --- | --- |"] + rows).joined(
                separator: "\n"))
        for key in keys where !key.nested.isEmpty { parts.append(tables("\(title): \(key.key)", key.nested)) }
        return parts.joined(separator: "\n\n")
    }
}

/// The recipe that `distill init` writes.
public enum StarterRecipe {
    /// A recipe that distils a teacher into a student, with a comment on every key, from the schema's examples.
    ///
    /// - Parameter stem: The file's name without its extension; letters that a recipe's name cannot have become `-`.
    public static func text(forFileNamed stem: String = "my-student") -> String {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_"
        let letters = stem.lowercased().map { allowed.contains($0) ? $0 : "-" }
        let trimmed = letters.drop { $0 == "-" }.prefix(64)
        let name = trimmed.isEmpty ? "my-student" : String(trimmed)
        var lines = [
            "# A recipe to start from: it lets the teacher write a corpus, stores its distributions, trains a student",
            "# on both, and measures it. Check it with `distill validate FILE`, run it with `distill run FILE`.",
        ]
        var top = KeyReference.top
        for index in top.indices where top[index].key == "name" { top[index].example = name }
        write(top, indent: "", to: &lines)
        lines.append("stages:")
        for kind in [Stage.Kind.generate, .label, .train, .evaluate] {
            lines.append("  - \(kind.rawValue):  # \(kind.summary)")
            write(kind.declarations, indent: "      ", to: &lines)
        }
        lines.append("  - report: {}  # \(Stage.Kind.report.summary)")
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
