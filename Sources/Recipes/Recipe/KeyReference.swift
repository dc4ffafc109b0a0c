import Foundation
import RecipeSchema

/// The reference of all keys, as the schema declares them.
public enum KeyReference {
    /// Markdown: a table for the top level, then one for each stage and each mapping below.
    public static var markdown: String { markdown(of: .standard) }

    /// The reference of recipes with these kinds of stages.
    package static func markdown(of stages: StageRegistry) -> String {
        let top = top(stages).filter { $0.key != "stages" }
        let parts =
            ["# Keys of a recipe", introduction, KeyTables.markdown("Top level", top)]
            + stages.kinds.map { kind in
                KeyTables.markdown("Stage \(kind.name)", kind.declarations, introduction: kind.summary)
            }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static let introduction = """
        Every key of a recipe and of its stages, with its values, default and meaning. Generated from the schema by \
        `distill validate --keys`.
        """

    /// The keys of the top level.
    static func top(_ stages: StageRegistry = .standard) -> [KeyDeclaration] {
        let empty = YAMLValue(location: SourceLocation(origin: ""), content: .mapping([]))
        let section = Section(empty, context: RecipeContext())
        _ = Recipe(section, stages: stages)
        return section.declarations
    }
}
