import Foundation
import TestSupport
import Testing

/// Articles that repeat what the code says are held equal to it.
@Suite struct DocumentationTests {
    private let recipes = "Sources/Recipes/Recipes.docc"

    private func text(_ path: String) throws -> String {
        try String(contentsOf: packageRoot.appending(path: path), encoding: .utf8)
    }

    @Test func theArticleOnStagesShowsTheStageThatIsTested() throws {
        let stage = try text("Tests/RecipeTests/AddedStage/CountStage.swift")
        #expect(try text("\(recipes)/AddingAStage.md").contains("```swift\n\(stage)```"))
    }

    @Test func theArticleOnTheCommandNamesEverySubcommand() throws {
        let article = try text("\(recipes)/CommandLine.md")
        for command in EveryCommandTests.all {
            #expect(article.contains("`distill \(command[0]) "), "\(command[0])")
            for part in command { #expect(article.contains(part), "\(command)") }
        }
    }

    /// Each library has a catalog whose landing page lists its articles.
    @Test func everyLibraryHasALandingPageWithItsArticles() throws {
        let package = try text("Package.swift")
        let libraries = package.matches(of: /\.library\(name: "([A-Za-z]+)"/).map { String($0.1) }
        #expect(libraries.count >= 14)
        for library in libraries {
            let catalog = "Sources/\(library)/\(library).docc"
            let landing = try text("\(catalog)/\(library).md")
            #expect(landing.hasPrefix("# ``\(library)``\n"))
            for file in try FileManager.default.contentsOfDirectory(
                atPath: packageRoot.appending(path: catalog).path)
            where file.hasSuffix(".md") && file != "\(library).md" {
                #expect(landing.contains("<doc:\(file.dropLast(3))>"), "\(library): \(file)")
            }
        }
    }
}
