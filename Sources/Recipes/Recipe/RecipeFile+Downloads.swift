import Foundation
import Hub

/// The models on the hub that a recipe names and the cache lacks.
final class MissingModels {
    private(set) var references: [HubReference] = []
    /// Whether the recipe has no other problems.
    var areOnlyProblem = false

    /// Adds the models of a recipe or variant; the same one may be named in several.
    func add(_ models: [HubReference]) {
        for model in models where !references.contains(model) { references.append(model) }
    }
}

extension RecipeFile {
    /// Reads a recipe, as `init(contentsOf:)` does, and has models downloaded that it names and the cache of the hub lacks.
    ///
    /// Nothing is downloaded for a recipe that has other problems: all are reported first.
    ///
    /// - Parameter download: brings a model into the cache
    /// - Throws: `RecipeError` with every problem of the recipe, or what `download` throws.
    public init(
        contentsOf path: String, overrides: [String] = [], downloading download: (HubReference) throws -> Void
    ) throws {
        let directory = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        let missing = MissingModels()
        do {
            try self.init(contentsOf: path, overrides: overrides, directory: directory, missing: missing)
        } catch  where missing.areOnlyProblem {
            try missing.references.forEach(download)
            try self.init(contentsOf: path, overrides: overrides)
        }
    }
}
