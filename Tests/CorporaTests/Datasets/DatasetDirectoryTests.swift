import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct DatasetDirectoryTests {
    private func write(_ lines: String...) throws -> (
        lines: [OrderedJSON], facts: DatasetDirectory.SplitFacts
    ) {
        try withFiles(["a.jsonl": lines.joined(separator: "\n")]) { files in
            let directory = files[0].deletingLastPathComponent()
            let facts = try DatasetDirectory([.init("train", CorpusReader(files))])
                .write(to: directory, tokenizer: nil).splits
            let url = directory.appending(path: "train.jsonl")
            let written = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
            return (try written.map { try OrderedJSON(Data($0.utf8), name: "train.jsonl") }, facts[0])
        }
    }

    private func keys(_ line: OrderedJSON) -> [String] {
        if case .object(let members) = line { members.map(\.key) } else { [] }
    }

    @Test func everyLineHasTheSameColumns() throws {
        let (lines, facts) = try write(
            #"{"prompt": "a", "completion": "b", "meta": {"model": "m", "slots": {"x": 1}}}"#,
            #"{"text": "c"}"#,
            #"{"messages": [{"role": "user", "content": "d"}], "tools": [{"type": "function", "function": {"name": "f"}}]}"#
        )
        #expect(lines.map(keys) == Array(repeating: ["messages", "tools", "text", "meta"], count: 3))
        #expect(lines[0]["meta"] == .string(#"{"model":"m","slots":{"x":1}}"#))
        #expect(lines[1]["messages"] == .null)
        #expect(lines[1]["text"] == .string("c"))
        guard case .string(let tools)? = lines[2]["tools"] else { throw CancellationError() }
        #expect(tools.contains(#""name":"f""#))
        #expect(facts.statistics.records == 3)
        #expect(facts.bytes > 100)
    }

    /// `datasets` takes types from the first lines of the first file: the card declares those of all.
    @Test func allSplitsHaveTheColumnsThatOneNeeds() throws {
        try withFiles([
            "a.jsonl": #"{"prompt": "a", "completion": "b"}"#,
            "b.jsonl":
                #"{"messages": [{"role": "user", "content": "d", "weight": 0}, {"role": "assistant", "thinking": {"a": 1}, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]}], "tools": [{"type": "function", "function": {"name": "f"}}]}"#,
        ]) { files in
            let directory = files[0].deletingLastPathComponent().appending(path: "out")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let dataset = DatasetDirectory([
                .init("train", CorpusReader([files[0]])), .init("test", CorpusReader([files[1]])),
            ])
            let columns = try dataset.write(to: directory, tokenizer: nil).columns
            let lines = try ["train", "test"].map {
                try OrderedJSON(
                    Data(contentsOf: directory.appending(path: "\($0).jsonl")), name: "\($0).jsonl")
            }
            #expect(lines.map(keys) == Array(repeating: ["messages", "tools", "meta"], count: 2))
            guard case .array(let messages)? = lines[1]["messages"] else { throw CancellationError() }
            #expect(messages[1]["thinking"] == .string(#"{"a":1}"#))
            func text(_ names: String...) -> [DatasetColumns.Feature] {
                names.map { .init(name: $0, type: .value("string")) }
            }
            let keysOfMessages =
                text("role", "content") + [.init(name: "weight", type: .value("float64"))]
                + [.init(name: "tool_calls", type: .listOfJSON)] + text("thinking")
            #expect(
                columns.features == [.init(name: "messages", type: .list(keysOfMessages))]
                    + text("tools", "meta"))
        }
    }

    @Test func columnsThatNoRecordNeedsAreLeftOut() throws {
        #expect(
            try write(#"{"prompt": "a", "completion": "b", "id": 3}"#).lines.map(keys) == [
                ["messages", "meta"]
            ])
    }

    @Test func modelsAndReasonsAreCounted() throws {
        let (_, facts) = try write(
            #"{"text": "a", "meta": {"model": "m", "finish_reason": "stop", "source": {"kind": "grid"}}}"#,
            #"{"text": "b", "meta": {"model": "m", "finish_reason": "length"}}"#, #"{"text": "c"}"#)
        #expect(
            facts.origins.counts == [
                "model": ["m": 2], "finish_reason": ["stop": 1, "length": 1], "source.kind": ["grid": 1],
            ])
    }
}
