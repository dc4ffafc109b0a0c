import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Corpora

/// Records as other tools write them.
@Suite struct RecordFormsTests {
    private func read(_ line: String) throws -> CorpusRecord {
        try withFiles(["corpus.jsonl": line]) { try CorpusReader($0).records()[0] }
    }

    private static let asked = Message(role: .user, content: "u")
    private static let said = Message(role: .assistant, content: "a")

    /// Faults found, line 19: forms that are common and were refused.
    @Test(arguments: [
        (
            #"{"text": null, "messages": [{"role": "user", "content": "u", "name": null}], "completion": null}"#,
            [asked]
        ),
        (#"{"prompt": "u", "completion": null, "text": null}"#, [asked]),
        (
            #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "u"}]}, {"role": "assistant", "content": ["", {"text": "a"}]}]}"#,
            [asked, said]
        ),
        (
            #"{"prompt": [{"role": "user", "content": "u"}], "completion": [{"role": "assistant", "content": "a"}]}"#,
            [asked, said]
        ),
        (
            #"{"conversations": [{"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}]}"#,
            [asked, said]
        ),
        (#"{"conversations": [{"role": "user", "content": "u"}], "system": ""}"#, [asked]),
        (
            #"{"system": "s", "conversations": [{"from": "human", "value": "u"}]}"#,
            [Message(role: .system, content: "s"), asked]
        ),
        (#"{"instruction": "u", "input": "", "output": "a", "text": "Instruction: u a"}"#, [asked, said]),
        (#"{"instruction": "u", "input": "i"}"#, [Message(role: .user, content: "u\ni")]),
        (
            #"{"messages": [{"role": "assistant", "content": "a", "tool_calls": [], "function_call": null}]}"#,
            [said]
        ),
    ])
    func commonForms(_ line: String, _ messages: [Message]) throws {
        #expect(try read(line) == .chat(messages))
    }

    /// What templates read of tools and reasoning is kept, in the order of the line; tools may be JSON in a text.
    @Test func toolsAndReasoning() throws {
        let call =
            #"[{"type": "function", "function": {"name": "f", "arguments": {"z": 1.5, "a": [true, null]}}}]"#
        let line = #"""
            {"messages": [{"role": "user", "content": "u"}, \#
            {"role": "assistant", "content": null, "tool_calls": \#(call), "reasoning_content": "r"}, \#
            {"role": "tool", "content": "3", "tool_call_id": "x", "name": "f"}], "tools": TOOLS}
            """#
        let tools = #"[{"name": "f", "about": "b", "a": 30.0}]"#
        for written in [tools, tools.debugDescription] {
            let record = try read(line.replacing("TOOLS", with: written))
            guard case .chat(let messages, let read) = record else { throw RecordFault("no chat") }
            #expect(messages.map(\.role) == [.user, .assistant, .tool] && messages[1].content == "")
            #expect(
                messages[1].fields == [
                    .init("tool_calls", try OrderedJSON(Data(call.utf8), name: "")),
                    .init("reasoning_content", .string("r")),
                ])
            #expect(messages[2].fields.map(\.key) == ["tool_call_id", "name"])
            #expect(OrderedJSON.array(read) == (try OrderedJSON(Data(tools.utf8), name: "")))
            #expect(read.first?.text.hasPrefix(#"{"name":"f","about""#) == true)
            // As it is written, it is read; JSON's writer sorts keys.
            let again = try self.read(String(decoding: try JSONEncoder().encode(record), as: UTF8.self))
            guard case .chat(let others, let otherTools) = again else { throw RecordFault("no chat") }
            #expect(others.map(\.role) == messages.map(\.role) && otherTools.count == 1)
            #expect(others[1].fields.map(\.key) == messages[1].fields.map(\.key))
        }
    }

    /// Merged data sets have the keys of all forms in every line; those without a value moved fields to other messages.
    @Test(arguments: [
        "", #", "completion": null"#, #", "prompt": null, "completion": null, "conversations": null"#,
    ])
    func fieldsStayWithTheirMessages(_ others: String) throws {
        let record = try read(
            #"""
            {"messages": [{"role": "user", "content": "u"}, \#
            {"role": "tool", "content": "1", "tool_call_id": "a"}, {"role": "tool", "content": "2", "tool_call_id": "b"}, \#
            {"role": "tool", "content": "3", "tool_call_id": "c"}]\#(others)}
            """#)
        #expect(
            record.prompt?.map { $0.fields.map(\.value) } == [
                [], [.string("a")], [.string("b")], [.string("c")],
            ])
    }

    /// Faults found, line 9: a message's own weight was passed over. Each spelling of it, both ways.
    @Test(arguments: [
        (#""weight": 0"#, false), (#""weight": 1"#, true), (#""weight": 0.0"#, false),
        (#""weight": null"#, true),
        (#""train": false"#, false), (#""train": true"#, true), (#""training": false"#, false),
        (#""trainable": false"#, false), (#""loss": false"#, false), (#""loss": true"#, true),
        (#""loss": 0"#, false), (#""mask": true"#, false), (#""mask": 0"#, true), (#""masked": true"#, false),
    ])
    func aMessagesOwnWeight(_ key: String, _ isTrained: Bool) throws {
        let record = try read(#"{"messages": [{"role": "assistant", "content": "a", \#(key)}]}"#)
        #expect(record == .chat([Message(role: .assistant, content: "a", isTrained: isTrained)]))
        let share = try read(#"{"conversations": [{"from": "gpt", "value": "a", \#(key)}]}"#)
        #expect(share == record)
        // As it is written, it is read.
        let line = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
        #expect(try read(line) == record)
    }

    /// Faults found, line 9: what is not to be trained on is in no loss mask.
    @Test func whatIsNotTrainedOnIsNoTarget() throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/unigram.model"))
        func chat(_ first: Bool) -> CorpusRecord {
            .chat([
                Self.asked, Message(role: .assistant, content: "no", isTrained: first), Self.asked, Self.said,
            ])
        }
        for scope in TargetScope.allCases {
            let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: 64, scope: scope)
            let (all, some) = (try encoder.document(chat(true)), try encoder.document(chat(false)))
            #expect(some.ids == all.ids)
            let taken = zip(all.ids, zip(all.lossMask, some.lossMask)).filter { $1.0 && !$1.1 }.map(\.0)
            let end = try #require(ChatTemplate.roleMarkers.endID(in: tokenizer))
            #expect(taken == tokenizer.encodeContent("no", continuing: true) + [end])
            #expect(zip(all.lossMask, some.lossMask).allSatisfy { $0 || !$1 })
        }
        // TRL trains on the completion alone.
        let record = try read(
            #"{"prompt": [{"role": "assistant", "content": "a"}], "completion": [{"role": "assistant", "content": "a"}]}"#
        )
        #expect(record == .chat([Message(role: .assistant, content: "a", isTrained: false), Self.said]))
    }

    @Test(arguments: [
        (
            #"{"messages": [{"role": "assistant", "content": "", "function_call": {"name": "f"}}]}"#,
            "\"messages[0]\" calls a function (\"function_call\")"
        ),
        (
            #"{"messages": [{"role": "assistant", "content": "a", "weight": 0.5}]}"#,
            "\"messages[0].weight\": a message is trained on or not"
        ),
        (#"{"messages": [{"role": "assistant", "content": "a", "train_detail": [{}]}]}"#, "\"train_detail\""),
        (
            #"{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}"#,
            "only text can be read, not a part of type \"image_url\""
        ),
        (#"{"conversations": [{"from": "narrator", "value": "a"}]}"#, "not \"narrator\""),
        (#"{"messages": [{"role": "assistant", "content": null}]}"#, "content"),
        (#"{"messages": [{"role": "user", "content": "a"}], "tools": {"x": 1}}"#, "\"tools\" is not a list"),
        (#"{"text": null, "messages": null}"#, "this one has none of them"),
        (#"{"instruction": 3, "output": "a"}"#, "\"instruction\" is not a string"),
    ])
    func whatCannotBeReadIsNamed(_ line: String, _ problem: String) {
        let error = #expect(throws: UserError.self) { try read(line) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
        #expect(error?.line == 1)
    }
}

/// Faults found, line 19: files as they come.
@Suite struct CorpusFilesTests {
    private func gzip(_ url: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", url.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func compressedFilesAndOtherNames() throws {
        let line = "{\"text\": \"one\"}\n{\"text\": \"two\"}"
        try withFiles(["a.jsonl": line, "b.ndjson": line, "c.txt": "one\n\ntwo"]) { urls in
            for url in urls {
                let plain = try CorpusReader([url]).records()
                #expect(plain == [.text("one"), .text("two")], "\(url)")
                try gzip(url)
                #expect(try CorpusReader([url.appendingPathExtension("gz")]).records() == plain)
            }
        }
    }

    /// Far more than a pipe holds is read line by line, and left unread without waiting.
    @Test func aLongCompressedFileIsReadInParts() throws {
        let text = (0..<20_000).map { "{\"text\": \"line \($0)\"}\n" }.joined()
        try withFiles(["a.jsonl": text]) { urls in
            try gzip(urls[0])
            let file = urls[0].appendingPathExtension("gz")
            #expect(try CorpusReader([file]).records().count == 20_000)
            #expect(try CorpusReader([file], limit: 2).records().count == 2)
            let bytes = try Data(contentsOf: file)
            try bytes.prefix(bytes.count / 2).write(to: file)
            let error = #expect(throws: UserError.self) { try CorpusReader([file]).records() }
            #expect(error?.problem.hasPrefix("cannot be expanded: ") == true, "\(error?.description ?? "")")
        }
    }

    @Test func directoriesAndPatterns() throws {
        try withFiles([
            "b.txt": "two", "a.txt": "one", "note.md": "left out", "c.jsonl": "{\"text\": \"three\"}",
        ]) {
            urls in
            let directory = urls[0].deletingLastPathComponent()
            let reader = CorpusReader([directory])
            let records = try reader.records()
            #expect(records == [.text("one"), .text("two"), .text("three")])
            #expect(reader.leftOut.map(\.lastPathComponent) == ["note.md"])
            let texts = CorpusReader([directory.appending(path: "*.txt")])
            #expect(try texts.records() == [.text("one"), .text("two")])
            let error = #expect(throws: UserError.self) {
                try CorpusReader([directory.appending(path: "*.csv")]).records()
            }
            #expect(error?.problem == "no file matches")
        }
    }

    /// Faults found, line 6: how a text file is divided.
    @Test func theDocumentsOfATextFile() throws {
        let text = "one\r\ntwo\n\n \nthree\n"
        try withFiles(["a.txt": text, "empty.txt": "\n \n"]) { urls in
            func read(_ documents: TextDocuments) throws -> [String] {
                try CorpusReader([urls[0]], documents: documents).records().flatMap(\.texts)
            }
            let paragraphs = try read(.paragraph)
            #expect(paragraphs == ["one\ntwo", "three"])
            #expect(try read(.line) == ["one", "two", "three"])
            #expect(try read(.file) == ["one\ntwo\n\n \nthree\n"])
            #expect(throws: UserError.self) { try CorpusReader([urls[1]], documents: .file).records() }
        }
    }

    /// A file that is one document is split as the same text in memory.
    @Test func aLongFileIsSplitAsItsText() throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let text = (0..<300).map { "The lamp \($0) is red.\($0 % 5 == 0 ? "\n\n" : " ")" }.joined()
        try withFiles(["a.txt": text]) { urls in
            for context in [2, 7, 64, 100_000] {
                let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: context)
                let file = try encoder.encode(CorpusReader(urls, documents: .file))
                let whole = try encoder.encode([.text(text)])
                #expect(try file.map { $0 } == whole.map { $0 })
                #expect(file.summary == whole.summary)
            }
        }
    }

    /// Faults found, line 15: a long document is kept in segments, which are its tokens one after another.
    @Test func segmentsAreTheDocument() throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let text = (0..<24_000).map { "The lamp \($0 % 90) is\n" }.joined()
        try withFiles(["a.txt": text, "b.txt": "two"]) { urls in
            let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: .max)
            let corpus = try encoder.encodeForEvaluation(CorpusReader(urls, documents: .file))
            #expect(corpus.documentCount == 2 && corpus.segmentCount > 3)
            let segments = try (0..<corpus.segmentCount).map { try corpus.segment($0) }
            #expect(
                segments.map(\.isContinuation) == segments.indices.map { $0 > 0 && $0 < segments.count - 1 })
            let begin = [try #require(tokenizer.beginID)]
            #expect(segments.dropLast().flatMap(\.document.ids) == begin + tokenizer.encodeContent(text))
            #expect(segments.last?.document.ids == begin + tokenizer.encodeContent("two"))
        }
    }
}

@Suite struct TextChunksTests {
    /// Characters and line breaks that fall on the end of a part.
    @Test func partsAreWholeCharacters() throws {
        for shift in 0..<4 {
            let text =
                "\u{FEFF}" + String(repeating: "x", count: TextChunks.chunkBytes - 6 + shift)
                + "é\r\n😀\r\nend\r"
            try withFiles(["a.txt": text]) { urls in
                func read(isRaw: Bool) throws -> [[UInt8]] {
                    let chunks = try TextChunks(contentsOf: urls[0], isRaw: isRaw)
                    var parts: [[UInt8]] = []
                    while let part = try chunks.next() { parts.append(part) }
                    return parts
                }
                let parts = try read(isRaw: false)
                #expect(parts.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
                let expected = Array(text.dropFirst().utf8).filter { $0 != 0x0D } + [0x0D]
                #expect(parts.flatMap { $0 } == expected)
                #expect(try read(isRaw: true).flatMap { $0 } == Array(text.utf8))
            }
        }
    }
}
