import RecipeSchema

/// A file, or the output of an earlier stage, as a recipe names it.
public struct Reference: Hashable, Sendable, NamedInput {
    /// What the name refers to.
    package enum Target: Hashable, Sendable {
        /// A path, relative to the directory the command runs in unless absolute.
        case file(String)
        /// An output, by its index, of the stage with this index in the recipe.
        case output(Int, ofStage: Int)
        /// A model behind an API, by its name among the recipe's endpoints.
        case endpoint(String)
    }

    /// The name as the recipe spells it, for tables and messages.
    public let name: String
    package let target: Target
    let location: SourceLocation

    /// Used in place of an invalid reference whose problem has been reported.
    static let placeholder = Reference(name: "", target: .file(""), location: SourceLocation(origin: ""))
}
