/// The reference of keys as Markdown tables, from their declarations.
package enum KeyTables {
    /// A table of the keys, then one for each mapping below them.
    package static func markdown(
        _ title: String, _ keys: [KeyDeclaration], introduction: String? = nil
    ) -> String {
        var parts = ["## \(title)"]
        if let introduction { parts.append(introduction) }
        let rows = keys.map { key in
            let when = key.condition.map { " Only \($0)." } ?? ""
            let cells = ["`\(key.key)`", key.type, key.defaultText ?? "required", key.documentation + when]
            // A row of a table is one line, and a bar ends a cell.
            let escaped = cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: "\\n") }
            return "| \(escaped.joined(separator: " | ")) |"
        }
        parts.append(
            (["| key | value | default | meaning |", "| --- | --- | --- | --- |"] + rows).joined(
                separator: "\n"))
        for key in keys where !key.nested.isEmpty {
            parts.append(markdown("\(title): \(key.key)", key.nested))
        }
        return parts.joined(separator: "\n\n")
    }
}
