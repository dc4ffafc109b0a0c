import Corpora
import Foundation
import TestSupport
import Testing
import Tokenization

@Suite("distill tokenizer count")
struct TokenizerCountTests {
    private static let model = golden("tokenization/unigram.model").path

    @Test func countsWhatTrainingWouldSee() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "a.jsonl")
            let answer = #"{"prompt": "where", "completion": "in the hall"}"#
            try Data("\(answer)\n{\"prompt\": \"why\"}\n{\"text\": \"the lamp\"}\n".utf8).write(to: file)
            let tokenizer = try Tokenizer(contentsOf: URL(filePath: Self.model))
            let summary = try CorpusEncoder(tokenizer: tokenizer, contextLength: 256)
                .encode(CorpusReader([file])).summary
            let run = try CommandRun.distill(
                "tokenizer", "count", Self.model, "--corpus", "a.jsonl", in: directory)
            #expect(run.status == 0 && run.standardError == "")
            #expect(run.standardOutput == "\(summary)\n")
            #expect(run.standardOutput.hasPrefix("3 records, "))
            let json = try CommandRun.distill(
                "tokenizer", "count", Self.model, "--corpus", "a.jsonl", "--json", in: directory)
            let object =
                try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) as? [String: Int]
            #expect(object?["tokens"] == summary.tokens && object?["dropped_records"] == 1)
        }
    }

    /// Chats are written with the model's own template, or the one that is named.
    @Test func chatsAreWrittenWithTheModelsTemplate() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try smallBytePair()
            let model = directory.appending(path: "model")
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: false)
            try tokenizer.serializedModel.write(to: model.appending(path: "tokenizer.json"))
            let chat = """
                {"messages": [{"role": "user", "content": "the"}, {"role": "assistant", "content": "other"}]}
                """
            try Data("\(chat)\n".utf8).write(to: directory.appending(path: "a.jsonl"))
            func count(_ name: String? = nil) throws -> CommandRun {
                guard let name else {
                    return try CommandRun.distill(
                        "tokenizer", "count", "model", "--corpus", "a.jsonl", in: directory)
                }
                return try CommandRun.distill(
                    "tokenizer", "count", "model", "--corpus", "a.jsonl", "--chat-template", name,
                    in: directory)
            }
            let template = ChatTemplate.chatML.fitted(to: tokenizer)
            let summary = try CorpusEncoder(tokenizer: tokenizer, template: template, contextLength: 256)
                .encode(CorpusReader([directory.appending(path: "a.jsonl")])).summary
            // The vocabulary has the markers of ChatML.
            for run in [try count(), try count("chatml")] {
                #expect(run.status == 0 && run.standardOutput == "\(summary)\n", "\(run.standardError)")
            }
            let other = try count("gemma")
            #expect(other.status == 65 && other.standardError.contains("<start_of_turn>"))
            try Data(#"{"chat_template": "{% include 'x' %}"}"#.utf8).write(
                to: model.appending(path: "tokenizer_config.json"))
            let unknown = try count()
            #expect(unknown.status == 78 && unknown.standardError.contains("--chat-template"))
            #expect(try count("chatml").status == 0)
        }
    }

    /// Ten times the text takes no more memory. Held in memory, the larger file's text alone would take 36 MB more; the
    /// margin is for places and lengths of its 100,000 documents, and for chance.
    @Test func memoryDoesNotGrowWithTheCorpus() throws {
        try withTemporaryDirectory { directory in
            let line = "{\"text\": \"\(String(repeating: "the lamp is in the hall. ", count: 16))\"}\n"
            func peak(_ megabytes: Int) throws -> Int {
                let file = directory.appending(path: "\(megabytes).jsonl")
                try Data(String(repeating: line, count: megabytes * 1_000_000 / line.utf8.count).utf8).write(
                    to: file)
                let (status, bytes) = try peakMemory(ofDistill: [
                    "tokenizer", "count", Self.model, "--corpus", file.path,
                ])
                #expect(status == 0)
                return bytes
            }
            let (small, large) = (try peak(4), try peak(40))
            #expect(large - small < 16_000_000, "\(small) and \(large) bytes")
        }
    }

    /// Needs root, for a file system of its own.
    @Test(.enabled(if: getuid() == 0))
    func aFullDiskIsReported() throws {
        try withTemporaryDirectory { directory in
            let line = "{\"text\": \"\(String(repeating: "the lamp is in the hall. ", count: 16))\"}\n"
            try Data(String(repeating: line, count: 3000).utf8).write(
                to: directory.appending(path: "a.jsonl"))
            let small = directory.appending(path: "small")
            try FileManager.default.createDirectory(at: small, withIntermediateDirectories: false)
            let mount = try CommandRun.run(
                URL(filePath: "/bin/mount"),
                arguments: ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small.path])
            try #require(mount.status == 0, "\(mount.standardError)")
            defer { _ = try? CommandRun.run(URL(filePath: "/bin/umount"), arguments: [small.path]) }
            let run = try CommandRun.distill(
                "tokenizer", "count", Self.model, "--corpus", "a.jsonl", in: directory,
                environment: ["TMPDIR": small.path])
            #expect(run.status == 74)
            #expect(run.standardError.contains("\(small.path)"), "\(run.standardError)")
            #expect(run.standardError.contains("No space left on device"))
            #expect(run.standardError.split(separator: "\n").count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: small.path).isEmpty)
        }
    }
}
