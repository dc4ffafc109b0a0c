import Foundation
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Generation

/// Shards of a synthetic corpus, joined, are the corpus.
@Suite struct SynthesisShardTests {
    /// Of all kinds; some fill the context, and are left out.
    private let prompts =
        smallPrompts + [
            SynthesisPrompt(.prompt(String(repeating: "Who sings by the river? ", count: 40))),
            SynthesisPrompt(.prompt("Who sings?")), SynthesisPrompt(.text("Tamsin keeps")),
            SynthesisPrompt(.prompt(String(repeating: "Where does Pell live? ", count: 40))),
            SynthesisPrompt(.prompt("Who keeps a goat?")),
        ]

    private func options(_ shard: Shard? = nil, seed: UInt64 = 5) -> Synthesis.Options {
        Synthesis.Options(
            sampling: SamplingOptions(temperature: 0.9, topP: 0.98, maxNewTokens: 12), samples: 2, seed: seed,
            skipsLongPrompts: true, shard: shard)
    }

    @discardableResult
    private func generate(
        _ name: String, _ shard: Shard? = nil, seed: UInt64 = 5, of prompts: [SynthesisPrompt]? = nil,
        in directory: URL
    ) throws -> URL {
        let output = directory.appending(path: name)
        try Synthesis(author: smallAuthor(), options: options(shard, seed: seed)).run(
            prompts: prompts ?? self.prompts, into: output, slots: 1 + (shard?.number ?? 5) % 5)
        return output
    }

    private func shards(_ count: Int, in directory: URL) throws -> [URL] {
        try (1...count).map { try generate("\($0)-of-\(count).jsonl", Shard($0, of: count), in: directory) }
    }

    private func origin(_ file: URL) throws -> Data {
        try Data(contentsOf: file.appendingPathExtension("origin"))
    }

    @Test func mergedShardsAreTheWholeCorpus() throws {
        try withTemporaryDirectory { directory in
            let whole = try generate("whole.jsonl", in: directory)
            let bytes = try Data(contentsOf: whole)
            // 8 prompts, 2 answers to each.
            #expect(bytes.count { $0 == 10 } == 16)
            for count in [1, 2, 3, 7, 11] {
                let files = try shards(count, in: directory)
                let joined = try files.reduce(Data()) { try $0 + Data(contentsOf: $1) }
                #expect(joined == bytes, "\(count) shards")
                #expect(try files.allSatisfy { try Data(contentsOf: $0).count < bytes.count } || count == 1)
                let merged = directory.appending(path: "merged-\(count).jsonl")
                for order in [files.reversed(), files] {
                    #expect(try SynthesisMerge(order).write(to: merged) == 16)
                    #expect(try Data(contentsOf: merged) == bytes)
                    #expect(try origin(merged) == origin(whole))
                }
            }
            // What a run without shards has written is what a merge would write.
            #expect(try SynthesisMerge(shards(2, in: directory)).write(to: whole) == 16)
            #expect(try Data(contentsOf: whole) == bytes)
        }
    }

    @Test func linesOfAShardAreThoseOfItsPrompts() throws {
        try withTemporaryDirectory { directory in
            var lines: [Data] = []
            for number in 1...3 {
                let synthesis = Synthesis(
                    author: try smallAuthor(), options: options(Shard(number, of: 3)))
                let before = lines.count
                let summary = try synthesis.run(prompts: prompts) { lines.append($0) }
                #expect(summary.records == lines.count - before && summary.skippedPrompts == 2)
                #expect(summary.records == (number == 3 ? 4 : 6))
            }
            let whole = try Data(contentsOf: generate("whole.jsonl", in: directory))
            #expect(lines == whole.split(separator: 10).map { Data($0) })
        }
    }

    @Test func anotherShardIsNotResumed() throws {
        try withTemporaryDirectory { directory in
            let output = try generate("out.jsonl", Shard(1, of: 2), in: directory)
            for (shard, text) in [(Shard(2, of: 2), "2/2"), (Shard(1, of: 3), "1/3"), (nil, "none")] {
                let error = #expect(throws: UserError.self) {
                    try generate("out.jsonl", shard, in: directory)
                }
                #expect(
                    error?.problem == "was made with other settings: shard is \(text) here and 1/2 there",
                    "\(error!)")
            }
            // The same, of a run that was killed.
            try FileManager.default.moveItem(at: output, to: output.appendingPathExtension("partial"))
            let error = #expect(throws: UserError.self) {
                try generate("out.jsonl", Shard(2, of: 2), in: directory)
            }
            #expect(error?.problem.contains("unfinished work") == true, "\(error!)")
            #expect(error?.problem.contains("shard is 2/2 here and 1/2 there") == true, "\(error!)")
        }
    }

    /// The message of a merge that is refused; nothing is written.
    private func refusal(_ files: [URL], _ output: URL) throws -> String {
        let existed = FileManager.default.fileExists(atPath: output.path)
        let error = #expect(throws: UserError.self) { try SynthesisMerge(files).write(to: output) }
        #expect(FileManager.default.fileExists(atPath: output.path) == existed)
        return try #require(error).description
    }

    @Test func shardsThatDoNotFitAreNamed() throws {
        try withTemporaryDirectory { directory in
            let files = try shards(3, in: directory)
            let output = directory.appending(path: "merged.jsonl")
            func refused(_ files: [URL]) throws -> String { try refusal(files, output) }

            #expect(try refused([files[0], files[2]]).hasPrefix("shard 2/3 is missing; "))
            #expect(try refused([files[1]]).hasPrefix("2 shards are missing: 1/3, 3/3; "))
            #expect(
                try refused([files[0], files[1], files[0], files[2]]).contains(
                    "1-of-3.jsonl: is shard 1/3, as "))
            let half = try generate("half.jsonl", Shard(2, of: 2), in: directory)
            #expect(try refused([files[0], half]).contains("half.jsonl: is shard 2/2, but "))
            let whole = try generate("whole.jsonl", in: directory)
            #expect(try refused([whole]).contains("whole.jsonl: is no shard"))
            let seeded = try generate("seeded.jsonl", Shard(2, of: 3), seed: 6, in: directory)
            #expect(
                try refused([files[0], seeded, files[2]]).contains(
                    "seeded.jsonl: is a shard of another whole"))
            #expect(try refused([files[0], seeded, files[2]]).contains("seed is 6 here and 5 there"))
            let other = try generate(
                "other.jsonl", Shard(2, of: 3), of: Array(prompts.dropLast()), in: directory)
            #expect(try refused([files[0], other, files[2]]).contains("the prompts differ"))
            let absent = directory.appending(path: "absent.jsonl")
            #expect(try refused([files[0], absent]).contains("absent.jsonl: no such file"))
            try Data("{}\n".utf8).write(to: absent.appendingPathExtension("partial"))
            #expect(try refused([files[0], absent]).contains("absent.jsonl: is unfinished"))
        }
    }

    @Test func damagedShardsAreNamed() throws {
        try withTemporaryDirectory { directory in
            let files = try shards(2, in: directory)
            let output = directory.appending(path: "merged.jsonl")
            let bytes = try Data(contentsOf: files[1])
            var flipped = bytes
            flipped[bytes.count / 2] ^= 1
            for damaged in [
                Data(bytes.dropLast()), Data(bytes.prefix(bytes.count / 2)), bytes + [10], flipped, Data(),
            ] {
                try damaged.write(to: files[1])
                let message = try refusal(files, output)
                #expect(message.contains("2-of-2.jsonl: is not what was written"), "\(message)")
            }
            try bytes.write(to: files[1])
            try Data("{".utf8).write(to: files[0].appendingPathExtension("origin"))
            #expect(try refusal(files, output).contains("1-of-2.jsonl.origin: is damaged"))
            try FileManager.default.removeItem(at: files[0].appendingPathExtension("origin"))
            #expect(try refusal(files, output).contains("1-of-2.jsonl.origin is missing"))
        }
    }

    @Test func outputsOfOthersStay() throws {
        try withTemporaryDirectory { directory in
            let files = try shards(2, in: directory)
            let output = try generate("out.jsonl", seed: 6, in: directory)
            let bytes = try Data(contentsOf: output)
            #expect(try refusal(files, output).contains("seed is 5 here and 6 there"))
            // Of the same settings, but other records.
            let same = try generate("same.jsonl", in: directory)
            let lines = try Data(contentsOf: same).split(separator: 10)
            let fewer = Data(lines.dropLast().joined(separator: [10])) + [10]
            try fewer.write(to: same)
            let unfinished = UnfinishedSynthesis(output: same)
            var origin = try #require(try unfinished.origin())
            origin.output = Fingerprint(of: fewer)
            try unfinished.write(origin)
            #expect(try refusal(files, same).contains("has other records than the shards"))
            #expect(try Data(contentsOf: output) == bytes && Data(contentsOf: same) == fewer)
            let begun = directory.appending(path: "begun.jsonl")
            try Data("{}\n".utf8).write(to: begun.appendingPathExtension("partial"))
            #expect(try refusal(files, begun).contains("is unfinished work of distill generate"))
        }
    }

    /// Prompts that an endpoint does not answer are left out of shards as of the whole; a budget leaves a shard unfinished.
    @Test func endpointsAnswerShards() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in
                request.question.contains("4") ? HTTPResponse(400) : nil
            }
            func ask(_ shard: Shard?, _ name: String, requests: Int? = nil) throws -> URL {
                let output = directory.appending(path: name)
                let endpoint = try server.endpoint { $0.budget.requests = requests }
                try Synthesis(endpoint: endpoint, options: options(shard)).run(
                    prompts: numberedPrompts(9), into: output)
                return output
            }
            let whole = try ask(nil, "whole.jsonl")
            let files = try (1...4).map { try ask(Shard($0, of: 4), "\($0).jsonl") }
            let merged = directory.appending(path: "merged.jsonl")
            #expect(try SynthesisMerge(files).write(to: merged) == 16)
            #expect(try Data(contentsOf: merged) == Data(contentsOf: whole))
            #expect(try origin(merged) == origin(whole))

            let budget = try ask(Shard(1, of: 4), "budget.jsonl", requests: 3)
            let message = try refusal(
                [budget] + files.dropFirst(), directory.appending(path: "partial.jsonl"))
            #expect(message.contains("budget.jsonl: is unfinished: a budget left prompts to ask"))
            // More shards than prompts: a shard of none asks nothing.
            let asked = server.requests.count
            #expect(try Data(contentsOf: ask(Shard(10, of: 10), "none.jsonl")).isEmpty)
            #expect(server.requests.count == asked)
        }
    }
}
