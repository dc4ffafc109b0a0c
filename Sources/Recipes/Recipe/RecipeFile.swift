import Foundation
import RecipeSchema
import Reports
import Support

/// A recipe file, read, changed by overrides and validated: the recipe and, in a study, its variants.
public struct RecipeFile: Sendable {
    /// The file as the user named it.
    public let path: String
    /// The recipe with its overrides, without the changes of variants.
    public let recipe: Recipe
    /// The recipe with each variant's changes; empty outside studies.
    public let variants: [(name: String, recipe: Recipe)]
    /// The directory relative paths start from.
    let directory: URL
    private let tree: YAMLValue

    /// Reads a recipe.
    ///
    /// - Parameters:
    ///   - overrides: Changes such as `student.width=64`, applied in order.
    ///   - directory: Where relative paths in the recipe start: the current directory, for the command.
    ///   - checksFiles: Whether the files it names must be there.
    /// - Throws: `RecipeError` with every problem of the recipe, or `UserError` if the file cannot be read.
    public init(
        contentsOf path: String, overrides: [String] = [],
        directory: URL = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory),
        checksFiles: Bool = true
    ) throws {
        try self.init(
            contentsOf: path, overrides: overrides, directory: directory, checksFiles: checksFiles,
            stages: .standard)
    }

    /// Reads a recipe that may have other kinds of stages than the standard ones.
    package init(
        contentsOf path: String, overrides: [String] = [], directory: URL, checksFiles: Bool = true,
        stages: StageRegistry
    ) throws {
        try self.init(
            contentsOf: path, overrides: overrides, directory: directory, checksFiles: checksFiles,
            stages: stages, missing: nil)
    }

    init(
        contentsOf path: String, overrides: [String], directory: URL, checksFiles: Bool = true,
        stages: StageRegistry = .standard, missing: MissingModels?
    ) throws {
        let url = URL(filePath: path, relativeTo: directory)
        let read: (value: YAMLValue, problems: [UserError])
        do {
            read = try YAMLReader.read(fileAt: url, named: path)
        } catch let error as UserError {
            throw RecipeError([error])
        }
        try self.init(
            tree: read.value, path: path, overrides: overrides, directory: directory,
            checksFiles: checksFiles, problems: read.problems, stages: stages, missing: missing)
    }

    init(
        tree: YAMLValue, path: String, overrides: [String], directory: URL, checksFiles: Bool,
        problems: [UserError] = [], stages: StageRegistry = .standard, missing: MissingModels? = nil
    ) throws {
        var found = problems
        var tree = tree
        for argument in overrides {
            do {
                tree = try Override(argument: argument).apply(to: tree, naming: Self.stageList)
            } catch let error as UserError {
                found.append(error)
            }
        }
        let files = InputFiles()
        var missingProblems = 0
        func decode(_ tree: YAMLValue) -> Recipe {
            let context = RecipeContext(directory: directory, checksFiles: checksFiles, files: files)
            let section = Section(tree, context: context)
            let recipe = Recipe(section, stages: stages)
            section.finish()
            found += context.problems.found
            missingProblems += context.missing.count
            missing?.add(context.missing)
            return recipe
        }
        let recipe = decode(tree)
        var variants: [(name: String, recipe: Recipe)] = []
        // Each variant is the recipe without the list of variants: reading that again in each would take the square of
        // their number.
        let single = tree.removing(Self.studyKeys)
        for variant in recipe.variants {
            do {
                var changed = single
                for entry in variant.overrides {
                    let override = try Override(
                        path: entry.key, value: entry.value, location: entry.keyLocation)
                    if let key = override.path.first, Self.studyKeys.contains(key) {
                        throw entry.keyLocation.error(
                            "a variant cannot change \(key), which all variants have in common",
                            hint: "change what the stages do")
                    }
                    changed = try override.apply(to: changed, naming: Self.stageList)
                }
                variants.append((variant.name, decode(changed)))
            } catch let error as UserError {
                found.append(error)
            }
        }
        if found.isEmpty, let verdict = recipe.verdictSettings {
            found += Self.problems(of: verdict, in: variants.isEmpty ? [recipe] : variants.map(\.recipe))
        }
        missing?.areOnlyProblem = missingProblems == found.count
        if !found.isEmpty { throw RecipeError(found) }
        self.path = path
        self.recipe = recipe
        self.variants = variants
        self.directory = directory
        self.tree = tree
    }

    /// A verdict on what nothing measures.
    private static func problems(of verdict: VerdictSettings, in recipes: [Recipe]) -> [UserError] {
        var known: Set<String> = []
        let measured = recipes.flatMap(\.measurementNames).filter { known.insert($0).inserted }
        guard !known.contains(verdict.verdict.metric) else { return [] }
        return [
            verdict.metricLocation.error(
                "no stage measures \"\(verdict.verdict.metric)\"",
                hint: suggestion(for: verdict.verdict.metric, among: measured))
        ]
    }

    /// Paths may name a stage by its kind or its output.
    static let stageList = Override.ItemNames(
        list: "stages", item: "stage", nameKey: "to", formerNames: RecipeContext.formerNames)

    /// The keys that are about all variants together.
    private static let studyKeys: Set<String> = ["variants", "verdict"]

    /// The recipe with its overrides applied, as YAML without comments; it is stored in the run directory.
    func snapshot() throws -> String { try tree.serialized() }
}
