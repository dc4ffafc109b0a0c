import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Recipes

/// Faults found, line 27: what a new recipe says follows from the teacher, the text and the machine. Each text below is read and
/// planned again before it is returned.
@Suite struct StudentRecipeTests {
    private let cost = CostModel(gigaflops: 160)

    private func withTeacher(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let paragraph = (0..<30).map { "the red lamp of hall \($0 % 7)" }.joined(separator: " ")
            try Data((0..<40).map { "\(paragraph) \($0)" }.joined(separator: "\n\n").utf8)
                .write(to: directory.appending(path: "text.txt"))
            try body(directory)
        }
    }

    /// More text than can be labelled in the time is not labelled.
    @Test func ofMuchTextAPartIsUsed() throws {
        try withTeacher { directory in
            var recipe = StudentRecipe(teacher: "teacher", data: ["text.txt"], directory: directory)
            let all = try recipe.text(forFileNamed: "a.yaml", cost: cost)
            #expect(!all.contains("- select:"))
            recipe.plannedSeconds = 0.01
            let part = try recipe.text(forFileNamed: "a.yaml", cost: cost)
            #expect(part.contains("- select:"))
            #expect(part.matches(of: /corpus: part\n/).count == 2)
            let fraction = try #require(
                part.firstMatch(of: /fraction: ([0-9.e-]+)\n/).flatMap { Double($0.1) })
            #expect(fraction > 0 && fraction < 0.8)
        }
    }

    /// A teacher whose vocabulary has no role markers writes roles as words.
    @Test func aTeacherWithoutATemplateGetsOne() throws {
        try withTeacher { directory in
            var training = TokenizerTraining(kind: .bpe, vocabularySize: 300)
            training.userDefinedSymbols = []
            let words = (0..<200).map { "where is the red lamp \($0)" }
            let tokenizer = try Tokenizer(serializedModel: training.train(words), name: "bare")
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: tokenizer.vocabularySize, width: 32, layers: 2, heads: 2, feedForward: 64,
                    contextLength: 128), seed: 1)
            try Checkpoint.save(
                decoder: decoder, tokenizer: tokenizer, template: nil, to: directory.appending(path: "bare"))
            func text(_ data: String) throws -> String {
                try StudentRecipe(teacher: "bare", data: [data], directory: directory)
                    .text(forFileNamed: "a.yaml", cost: cost)
            }
            #expect(try text("prompts.jsonl").contains(#"assistant: "Assistant: {content}\n\n""#))
            #expect(try !text("text.txt").contains("chat_template"), "text needs none")
        }
    }

    /// What stands in a comment cannot end it or act on a terminal.
    @Test func namesAreHarmlessInComments() throws {
        try withTeacher { directory in
            let name = "teacher\u{1B}[2J\u{202E}\nname: other"
            try FileManager.default.copyItem(
                at: directory.appending(path: "teacher"), to: directory.appending(path: name))
            let text = try StudentRecipe(teacher: name, data: ["text.txt"], directory: directory)
                .text(forFileNamed: "a\nb.yaml", cost: cost)
            let comments = text.split(separator: "\n").prefix { $0.hasPrefix("#") }.joined()
            #expect(comments.contains("teacher?[2J??name: other"))
            #expect(!text.contains("\u{1B}"))
        }
    }
}
