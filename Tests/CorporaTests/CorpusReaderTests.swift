import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@Suite struct CorpusReaderTests {
    private func read(_ content: String, as name: String = "corpus.jsonl") throws -> [CorpusRecord] {
        try withFiles([name: content]) { try CorpusReader($0).records() }
    }

    @Test func everyForm() throws {
        let records = try read(
            """
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "id": 7}
            {"prompt": "p"}

            {"prompt": "p", "completion": "c", "source": null}
            {"text": "t\\n<|end|>"}
            """)
        #expect(
            records == [
                .chat([Message(role: .system, content: "s"), Message(role: .user, content: "u")]),
                .chat([Message(role: .user, content: "p")]),
                .chat([Message(role: .user, content: "p"), Message(role: .assistant, content: "c")]),
                .text("t\n<|end|>"),
            ])
        #expect(records.flatMap(\.texts) == ["s", "u", "p", "p", "c", "t\n<|end|>"])
    }

    @Test func promptsLeaveOutTheLastAnswer() {
        let user = Message(role: .user, content: "u")
        let assistant = Message(role: .assistant, content: "a")
        #expect(CorpusRecord.chat([user, assistant]).prompt == [user])
        #expect(CorpusRecord.chat([user, assistant, user]).prompt == [user, assistant, user])
        #expect(CorpusRecord.text("t").prompt == nil)
    }

    @Test func writingAndReadingGivesTheSame() throws {
        let records: [CorpusRecord] = [
            .chat([Message(role: .user, content: "a\"\n"), Message(role: .assistant, content: "")]),
            .text("é"),
        ]
        let lines = try records.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        #expect(try read(lines.joined(separator: "\n")) == records)
    }

    @Test(
        "A mistake is reported with its place",
        arguments: [
            ("{\"text\": \"a\"}\n{\"text\": \"b\"", ":2: not valid JSON"),
            ("{\"text\": 3}", ":1: \"text\" is not a string"),
            (
                "{\"texts\": \"a\"}",
                ":1: a record has \"messages\", \"prompt\" or \"text\"; this one has none of them"
            ),
            ("{\"text\": \"a\", \"prompt\": \"b\"}", "this one has \"prompt\" and \"text\""),
            (
                "{\"text\": \"a\", \"completion\": \"b\"}",
                "\"completion\" goes with \"prompt\", not with \"text\""
            ),
            ("{\"prompt\": \"a\", \"completion\": 1}", "\"completion\" is not a string"),
            ("{\"messages\": []}", ":1: \"messages\" is empty"),
            ("{\"messages\": {}}", "\"messages\" is not a list"),
            ("{\"messages\": [{\"role\": \"user\"}]}", "the key \"messages[0].content\" is missing"),
            ("\n\n{\"messages\": [{\"role\": \"bot\", \"content\": \"\"}]}", ":3: \"messages[0].role\""),
            (
                "{\"messages\": [{\"role\": \"bot\", \"content\": \"\"}]}",
                "system, user, assistant or tool, not \"bot\""
            ),
            ("[1]", ":1: the value is not an object"),
            ("", ": no records"),
            ("\n \n", ": no records"),
        ])
    func mistakes(_ content: String, _ expected: String) {
        let error = #expect(throws: UserError.self) { try read(content) }
        #expect(error?.description.contains("corpus.jsonl") == true)
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "no error")")
    }

    @Test func bytesThatAreNotText() throws {
        try withTemporaryDirectory { directory in
            for name in ["a.jsonl", "a.txt"] {
                let url = directory.appendingPathComponent(name)
                try (Data("\"ok\"\n".utf8).dropFirst(5) + Data("\n\n".utf8) + Data([0x61, 0xff])).write(
                    to: url)
                let error = #expect(throws: UserError.self) { try CorpusReader([url]).records() }
                #expect(error?.line == 3)
                #expect(error?.description.contains("not valid UTF-8") == true)
            }
        }
    }

    @Test("Blank lines separate the documents of a text file")
    func paragraphs() throws {
        let records = try read("one\n  two  \r\n\n\n \nthree\n", as: "corpus.txt")
        #expect(records == [.text("one\n  two  "), .text("three")])
        #expect(try read("\n\nfirst", as: "corpus.txt") == [.text("first")])
    }

    @Test func directoriesAndOrder() throws {
        try withFiles([
            "b.txt": "second", "a.jsonl": "{\"text\": \"first\"}", "c.md": "ignored",
            "d.json": "{\"text\": \"last\"}",
        ]) { urls in
            let directory = urls[0].deletingLastPathComponent()
            let records = try CorpusReader([directory]).records()
            #expect(records == [.text("first"), .text("second"), .text("last")])
            let error = #expect(throws: UserError.self) { try CorpusReader([urls[2]]).records() }
            #expect(error?.description.contains("a corpus of kind .md") == true)
            let missing = directory.appendingPathComponent("none.txt")
            #expect(throws: UserError.self) { try CorpusReader([missing]).records() }
        }
        #expect(throws: UserError.self) { try CorpusReader([]).records() }
    }

    @Test func trainingReadsEverythingSaid() throws {
        let lines = (0..<200).map { "{\"prompt\": \"zebra \($0)\", \"completion\": \"quagga \($0)\"}" }
        try withFiles(["a.jsonl": lines.joined(separator: "\n"), "b.txt": "okapi okapi okapi okapi"]) {
            urls in
            let training = TokenizerTraining(kind: .bpe, vocabularySize: 330)
            let all = try Tokenizer(serializedModel: training.train(files: urls), name: "all")
            for word in ["zebra", "▁quagga", "quagga", "okapi"] where word.first != "▁" {
                #expect(all.encode(word).count < word.count, "\(word)")
            }
            let some = try training.train(files: urls, maximumRecords: 20, seed: 1)
            #expect(try some == training.train(files: urls, maximumRecords: 20, seed: 1))
            #expect(try some != training.train(files: urls, maximumRecords: 20, seed: 2))
            #expect(some != all.serializedModel)
        }
    }
}
