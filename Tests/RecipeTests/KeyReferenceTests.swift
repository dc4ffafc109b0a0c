import Foundation
import TestSupport
import Testing

@testable import Recipes

@Suite struct KeyReferenceTests {
    /// The documentation has the reference as the schema declares it.
    @Test func theDocumentedReferenceIsCurrent() throws {
        let file = packageRoot.appending(path: "Sources/Recipes/Recipes.docc/RecipeReference.md")
        #expect(
            try String(contentsOf: file, encoding: .utf8) == KeyReference.markdown,
            "run: swift run distill validate --keys > Sources/Recipes/Recipes.docc/RecipeReference.md")
    }
}
