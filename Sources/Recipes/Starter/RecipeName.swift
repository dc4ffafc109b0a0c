/// Names that recipes may have.
enum RecipeName {
    /// A file's name without its extension, with `-` for letters that a recipe's name cannot have.
    static func from(_ stem: String) -> String {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_"
        let letters = stem.lowercased().map { allowed.contains($0) ? $0 : "-" }
        let trimmed = letters.drop { $0 == "-" }.prefix(64)
        return trimmed.isEmpty ? "my-student" : String(trimmed)
    }
}
