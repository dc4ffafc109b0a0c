import Foundation
import Testing

@testable import Recipes

@Suite struct RecipeFolderTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var recipes: [String] {
        let folder = root.appending(path: "recipes")
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "recipes/\($0)" }
    }

    @Test func thereAreRecipes() { #expect(Self.recipes.count >= 6) }

    /// Files are looked for where they are there: the data is made by another program.
    @Test(arguments: recipes) func isValid(recipe: String) throws {
        let data = Self.root.appending(path: "data/teacher/config.json")
        let text = try String(contentsOf: Self.root.appending(path: recipe), encoding: .utf8)
        // A recipe that reads data made or teachers installed below runs/ says by which command.
        let isSelfContained = !text.contains("world-data runs/") && !text.contains("pip install ")
        let hasData = FileManager.default.fileExists(atPath: data.path) && isSelfContained
        let file = try RecipeFile(contentsOf: recipe, directory: Self.root, checksFiles: hasData)
        #expect(recipe.hasSuffix("/\(file.recipe.name).yaml"), "a recipe is named after its file")
        #expect(text.hasPrefix("# "))
        for line in ["distill run \(recipe)", "# Time: ", "# Result: "] {
            #expect(text.contains(line), "\(line)")
        }
    }
}
