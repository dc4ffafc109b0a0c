import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct DocumentChunksTests {
    private func chunks(_ text: String, words: Int = 20, least: Int = 1, isMarkdown: Bool = true)
        -> [DocumentChunk]
    {
        DocumentChunks(words: words, leastWords: least).chunks(of: text, file: "d.md", isMarkdown: isMarkdown)
    }

    @Test func headingsDivideAndAreKeptAsAPath() {
        let found = chunks(
            """
            ---
            title: left out
            ---
            # Bread

            Flour and water.

            ## Yeast ##
            It rises.

            ### Wild
            From the air.

            ## Salt
            A little.
            """)
        #expect(found.map(\.text) == ["Flour and water.", "It rises.", "From the air.", "A little."])
        #expect(
            found.map(\.headings) == [
                ["Bread"], ["Bread", "Yeast"], ["Bread", "Yeast", "Wild"], ["Bread", "Salt"],
            ])
        #expect(found.map(\.number) == [0, 1, 2, 3])
    }

    @Test func paragraphsFillAPassageUpToItsWords() {
        let paragraph = Array(repeating: "word", count: 8).joined(separator: " ")
        let found = chunks(Array(repeating: paragraph, count: 5).joined(separator: "\n\n"))
        #expect(found.map { $0.text.split(whereSeparator: \.isWhitespace).count } == [16, 16, 8])
    }

    @Test func aLongParagraphIsDividedAfterSentences() {
        let sentence = "one two three four five six seven. "
        let found = chunks(String(repeating: sentence, count: 7))
        #expect(found.allSatisfy { $0.text.hasSuffix("seven.") })
        #expect(
            found.map(\.text).joined(separator: " ")
                == String(repeating: sentence, count: 7).trimmingCharacters(in: .whitespaces))
        #expect(found.allSatisfy { $0.text.split(separator: " ").count <= 20 })
    }

    @Test func aParagraphWithoutSentencesIsDividedAfterItsWords() {
        let found = chunks((0..<50).map { "w\($0)" }.joined(separator: " "))
        #expect(found.map { $0.text.split(separator: " ").count } == [20, 20, 10])
    }

    @Test func codeIsNotDividedAndItsHashesAreNoHeadings() {
        let code = "```sh\n# not a heading\n\n" + String(repeating: "make all\n", count: 30) + "```"
        let found = chunks("Before.\n\n\(code)\n\n# After\n\nText.")
        #expect(found.map(\.text) == ["Before.", code, "Text."])
        #expect(found.last?.headings == ["After"])
    }

    @Test func anOpenFenceEndsWithTheText() {
        #expect(chunks("~~~\ncode\n\nmore").map(\.text) == ["~~~\ncode\n\nmore"])
    }

    @Test func plainTextHasNoHeadings() {
        #expect(chunks("# one\ntwo\n\nthree", isMarkdown: false).map(\.text) == ["# one\ntwo\n\nthree"])
    }

    @Test func shortPassagesAreLeftOut() {
        #expect(
            chunks("# A\nToo short.\n# B\nThis one has five words.", least: 4).map(\.text) == [
                "This one has five words."
            ])
    }

    @Test func filesOfADirectoryAreFoundInTheOrderOfTheirPaths() throws {
        try withTemporaryDirectory { directory in
            for name in ["b.md", "a/z.txt", "a/.hidden.md", "c.pdf"] {
                let url = directory.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("text".utf8).write(to: url)
            }
            #expect(try DocumentChunks.files(at: directory).map(\.lastPathComponent) == ["z.txt", "b.md"])
            #expect(throws: UserError.self) {
                try DocumentChunks.files(at: directory.appending(path: "c.pdf"))
            }
            #expect(throws: UserError.self) {
                try DocumentChunks.files(at: directory.appending(path: "none.md"))
            }
        }
    }
}
