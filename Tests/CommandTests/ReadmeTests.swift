import Foundation
import TestSupport
import Testing

/// The README and the programs and recipes in the documentation.
@Suite struct ReadmeTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: packageRoot.appending(path: path), encoding: .utf8)
    }

    @Test func theReadmeIsShortAndItsLinksLeadToFiles() throws {
        let readme = try text("README.md")
        #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 150)
        let links = readme.matches(of: /\]\(([^):]+)\)/).map { String($0.1) }
        #expect(links.count > 5)
        for link in links {
            #expect(
                FileManager.default.fileExists(atPath: packageRoot.appending(path: link).path), "\(link)")
        }
        // Hosted CI runs the first line of this form.
        #expect(readme.contains("\n    swift test "))
    }

    /// Every recipe of the catalog exists, and every recipe is in the catalog.
    @Test func theCatalogNamesEveryRecipe() throws {
        let catalog = try text("Sources/Recipes/Recipes.docc/RecipeCatalog.md")
        let named = Set(catalog.matches(of: /`([a-z\/-]+\.yaml)`/).map { String($0.1) })
        let files = try FileManager.default.subpathsOfDirectory(
            atPath: packageRoot.appending(path: "recipes").path)
        #expect(named == Set(files.filter { $0.hasSuffix(".yaml") }))
    }

    @Test func theProgramInTheArticleDistilsAStudent() throws {
        let article = try text("Sources/Training/Training.docc/DistillingInAProgram.md")
        let program = try text("Tests/Example/main.swift")
        #expect(article.contains("```swift\n" + program.trimmingCharacters(in: .newlines) + "\n```"))

        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let corpus = directory.appending(path: "corpus.jsonl")
            let chats = (0..<60).map {
                #"{"prompt":"where is the key \#($0)","completion":"the key is in the hall"}"#
            }
            try Data((chats.joined(separator: "\n") + "\n").utf8).write(to: corpus)
            let program = CommandRun.distill.deletingLastPathComponent().appending(path: "distil-a-student")
            let student = directory.appending(path: "student")
            let run = try CommandRun.run(
                program, arguments: [tiny.teacher.path, corpus.path, student.path], timeout: 120)
            #expect(run.status == 0, "\(run.standardError)")
            let losses = run.standardOutput.split(separator: "\n").compactMap {
                Double($0.split(separator: " ").last ?? "")
            }
            #expect(losses.count == 4 && losses.last! < losses.first!, "\(run.standardOutput)")
            let answer = try CommandRun.distill("chat", student.path, "--prompt", "where is the key")
            #expect(answer.status == 0, "\(answer.standardError)")
        }
    }

    /// The article on adding a loss shows a program and a recipe that work, in under 60 lines.
    @Test func theProgramInTheArticleAddsALoss() throws {
        let article = try String(
            contentsOf: packageRoot.appending(path: "Sources/Training/Training.docc/AddingALoss.md"),
            encoding: .utf8)
        let folder = packageRoot.appending(path: "Tests/AddedLoss")
        var lines = 0
        for (file, language) in [("main.swift", "swift"), ("hellinger.yaml", "yaml")] {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                .trimmingCharacters(in: .newlines)
            #expect(article.contains("```\(language)\n\(text)\n```"), "\(file)")
            lines += text.split(separator: "\n", omittingEmptySubsequences: false).count
        }
        #expect(lines < 60)
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let program = CommandRun.distill.deletingLastPathComponent().appending(path: "add-a-loss")
            let run = try CommandRun.run(
                program, arguments: [folder.appending(path: "hellinger.yaml").path, "runs"], in: directory,
                timeout: 120)
            #expect(run.status == 0, "\(run.standardError)")
            let metrics = try FileManager.default.subpathsOfDirectory(atPath: directory.path).first {
                $0.hasSuffix("metrics.jsonl")
            }
            let log = try String(contentsOf: directory.appending(path: #require(metrics)), encoding: .utf8)
            #expect(log.contains("\"hellinger\":") && log.contains("\"gradient_norm_hellinger\":"), "\(log)")
            let other = try CommandRun.distill(
                "validate", folder.appending(path: "hellinger.yaml").path, in: directory)
            #expect(other.status != 0 && other.standardError.contains("found \"hellinger\""))
        }
    }
}
