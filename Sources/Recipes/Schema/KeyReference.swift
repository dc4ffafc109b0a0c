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
