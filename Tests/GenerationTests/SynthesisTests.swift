import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Corpora
@testable import Generation

@Suite struct SynthesisTests {
    private let sampling = SamplingOptions(temperature: 0.9, topP: 0.98, maxNewTokens: 24)

    private func options(_ change: (inout Synthesis.Options) -> Void = { _ in }) -> Synthesis.Options {
        var options = Synthesis.Options(sampling: sampling, samples: 3, seed: 5)
        change(&options)
        return options
    }

    @discardableResult
    private func run(
        _ options: Synthesis.Options, into output: URL, author: Synthesis.Author? = nil,
        prompts: [SynthesisPrompt] = smallPrompts, slots: Int = 16, progress: ProgressHandler? = nil
    ) throws -> Synthesis.Summary {
        try Synthesis(author: author ?? smallAuthor(), options: options).run(
            prompts: prompts, into: output, slots: slots, progress: progress)
    }

    /// Unfinished work as a killed process leaves it: some bytes of the records, and the digest of each whole line.
    private func writePartial(_ bytes: Data, of output: URL) throws {
        let partial = output.appendingPathExtension("partial")
        try bytes.write(to: partial)
        let end = bytes.lastIndex(of: 10) ?? bytes.startIndex
        let digests = bytes[..<end].split(separator: 10, omittingEmptySubsequences: false).map {
            "\"\(Fingerprint(of: Data($0)))\"\n"
        }
        try Data(digests.joined().utf8).write(to: partial.appendingPathExtension("sha256"))
    }

    private func records(_ url: URL) throws -> [SyntheticRecord] {
        var records: [SyntheticRecord] = []
        try JSONLines(contentsOf: url).forEach { records.append(try $0.decode(SyntheticRecord.self)) }
        return records
    }

    @Test func recordsFollowTheirPromptsAndSayWhereTheyComeFrom() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            let summary = try run(options(), into: output)
            #expect(summary.records == 15 && summary.reused == 0)
            let records = try records(output)
            #expect(records.map(\.meta.prompt) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
            #expect(records.map(\.meta.sample) == Array(repeating: [0, 1, 2], count: 5).flatMap { $0 })
            #expect(
                records.allSatisfy {
                    $0.meta.model == "small" && $0.meta.seed == 5 && $0.meta.sampling == sampling
                })
            #expect(Set(records.map(\.meta.finishReason)) == [.stop, .length])
            #expect(records.reduce(0) { $0 + $1.meta.tokens } <= summary.tokens)
            guard case .messages(let first, _) = records[0].content,
                case .completion("Where does Orrin live?", let reply) =
                    records[3].content, case .messages(let long, _) = records[6].content,
                case .text(let story) = records[9].content
            else {
                Issue.record("records are not of their prompts' kinds")
                return
            }
            #expect(first.count == 2 && first[1].role == .assistant)
            #expect(!reply.isEmpty)
            #expect(long.count == 5 && long[2].content == "Tamsin." && long[4].content != "Nobody.")
            #expect(story.hasPrefix("Orrin lives by") && story.count > 15)
            // What we write is what corpora are read from.
            #expect(try CorpusReader([output]).records().count == 15)
        }
    }

    /// A budget of tokens gives the first records of the whole that reach it, however many are written at once, and resumed
    /// at any record.
    @Test func budgetsEndTheWork() throws {
        try withTemporaryDirectory { directory in
            let whole = directory.appending(path: "whole.jsonl")
            try run(options(), into: whole)
            let lines = try Data(contentsOf: whole).split(separator: 10)
            let tokens = try records(whole).map(\.meta.tokens)
            for (count, slots) in [(1, 1), (4, 16), (9, 3), (15, 16)] {
                let budget = tokens.prefix(count).reduce(0, +)
                let output = directory.appending(path: "budget-\(count).jsonl")
                let settings = options { $0.tokenBudget = budget }
                let summary = try run(settings, into: output, slots: slots)
                #expect(summary.records == count)
                #expect(try Data(contentsOf: output).split(separator: 10) == Array(lines.prefix(count)))
                #expect(try run(settings, into: output).reused == count)

                let resumed = directory.appending(path: "resumed-\(count).jsonl")
                try FileManager.default.copyItem(
                    at: output.appendingPathExtension("origin"), to: resumed.appendingPathExtension("origin"))
                try writePartial(
                    Data(lines.prefix(count / 2).joined(separator: [10]) + (count > 1 ? [10] : [])),
                    of: resumed)
                try run(settings, into: resumed)
                #expect(try Data(contentsOf: resumed) == Data(contentsOf: output))
            }
            #expect(throws: UserError.self) {
                try run(options(), into: directory.appending(path: "budget-4.jsonl"))
            }
        }
    }

    /// Killed at any byte: what a resumed run leaves is what an uninterrupted one leaves.
    @Test func resumedRunsWriteTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            let whole = directory.appending(path: "whole.jsonl")
            try run(options { $0.answer = .every }, into: whole)
            let bytes = try Data(contentsOf: whole)
            let origin = try Data(contentsOf: whole.appendingPathExtension("origin"))
            var stream = RandomStream(seed: 1, purpose: "kill")
            var cuts = (0..<12).map { _ in stream.nextIndex(below: bytes.count) }
            // Also at the ends of lines, before the first byte and after the last.
            cuts += bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 } + [0]
            for (number, cut) in cuts.enumerated() {
                let output = directory.appending(path: "cut\(number).jsonl")
                try origin.write(to: output.appendingPathExtension("origin"))
                try writePartial(bytes[..<cut], of: output)
                let kept = bytes[..<cut].count { $0 == 10 }
                let summary = try run(options { $0.answer = .every }, into: output, slots: 1 + number % 5)
                #expect(try Data(contentsOf: output) == bytes, "cut at \(cut)")
                #expect(summary.reused == kept)
                #expect(!FileManager.default.fileExists(atPath: output.path + ".partial"))
            }
        }
    }

    @Test func garbageAtTheEndIsWrittenAnew() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            try run(options(), into: output)
            let bytes = try Data(contentsOf: output)
            let lines = bytes.split(separator: 10)
            for garbage in ["\0\0\0\n", "{}\n", "\(String(decoding: lines[0], as: UTF8.self))\n", "\n"] {
                let partial = lines[..<4].reduce(Data()) { $0 + $1 + [10] } + Data(garbage.utf8)
                try FileManager.default.removeItem(at: output)
                try writePartial(partial, of: output)
                #expect(try run(options(), into: output).reused == 4)
                #expect(try Data(contentsOf: output) == bytes)
            }
        }
    }

    /// Faults found, line 11: a record that is not as it was written is written anew with all behind it, and an output that has
    /// changed is not taken for finished.
    @Test func damagedRecordsAreNotReused() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            try run(options(), into: output)
            let bytes = try Data(contentsOf: output)
            let lines = bytes.split(separator: 10).map { Data($0) + [10] }
            // A letter of an answer: still JSON, and another text.
            var damaged = bytes
            let place = try #require(bytes.range(of: Data("\"content\":\"".utf8), options: .backwards))
                .upperBound
            damaged[place] ^= 1
            try damaged.write(to: output)
            let error = #expect(throws: UserError.self) { try run(options(), into: output) }
            #expect(error?.problem.contains("has changed since it was written") == true)

            let line = lines.indices.last { lines[..<$0].reduce(0) { $0 + $1.count } <= place }!
            try FileManager.default.removeItem(at: output)
            try writePartial(bytes, of: output)
            try damaged.write(to: output.appendingPathExtension("partial"))
            #expect(try run(options(), into: output).reused == line)
            #expect(try Data(contentsOf: output) == bytes)
            #expect(!FileManager.default.fileExists(atPath: output.path + ".partial.sha256"))
        }
    }

    /// Faults found, line 1: numbers that are read back are as little trusted as those of a recipe.
    @Test func wildCountsOfTokensAreWrittenAnew() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            try run(options(), into: output)
            let bytes = try Data(contentsOf: output)
            let text = String(decoding: bytes, as: UTF8.self)
            for (count, reused) in [("9223372036854775807", 0), ("-1", 0), ("4611686018427387904", 0)] {
                let wild = text.replacing(/"tokens":\d+/) { _ in "\"tokens\":\(count)" }
                #expect(wild != text)
                try FileManager.default.removeItem(at: output)
                try writePartial(Data(wild.utf8), of: output)
                #expect(try run(options(), into: output).reused == reused)
                #expect(try Data(contentsOf: output) == bytes)
            }
        }
    }

    @Test func finishedWorkIsLeftAlone() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            try run(options(), into: output)
            var notes: [String] = []
            let summary = try run(options(), into: output) { event in
                if case .note(let text) = event { notes.append(text) }
            }
            #expect(summary.reused == 15 && summary.tokens == 0)
            #expect(notes.count == 1 && notes[0].contains("is complete"))
        }
    }

    @Test func otherSettingsAreRefusedAndNamed() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            try run(options(), into: output)
            func expect(_ words: String, _ body: () throws -> Synthesis.Summary) {
                let error = #expect(throws: UserError.self, performing: body)
                #expect(error?.description.contains(words) == true, "\(String(describing: error))")
                #expect(error?.status == .cannotCreate)
            }
            let changed = options {
                $0.seed = 6
                $0.sampling.temperature = 0.5
            }
            let words = "temperature is 0.5 here and 0.9 there; seed is 6 here and 5 there"
            expect(words) { try run(changed, into: output) }
            try FileManager.default.moveItem(at: output, to: output.appendingPathExtension("partial"))
            expect(words) { try run(changed, into: output) }
            expect("the prompts differ") {
                try run(options(), into: output, prompts: Array(smallPrompts.dropLast()))
            }
            expect("the model's files differ") {
                try run(options(), into: output, author: smallAuthor(seed: 4))
            }
            expect("answer is every here and last there") {
                try run(options { $0.answer = .every }, into: output)
            }
            try FileManager.default.removeItem(at: output.appendingPathExtension("origin"))
            expect("nothing says what it was made from") { try run(options(), into: output) }
        }
    }

    @Test func twoProcessesDoNotWriteOneFile() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            var refused: UserError?
            try run(options(), into: output) { event in
                guard case .began = event else { return }
                do {
                    try run(options(), into: output)
                } catch {
                    refused = error as? UserError
                }
            }
            #expect(refused?.status == .temporaryFailure)
        }
    }

    @Test func answersDoNotDependOnOtherPromptsOrSamples() throws {
        try withTemporaryDirectory { directory in
            let (all, few) = (directory.appending(path: "all.jsonl"), directory.appending(path: "few.jsonl"))
            try run(options(), into: all)
            try run(options { $0.samples = 1 }, into: few, prompts: Array(smallPrompts[..<3]))
            let (a, b) = (try records(all), try records(few))
            #expect([0, 3, 6].map { a[$0].content } == b.map(\.content))
        }
    }

    @Test func everyTurnIsAnsweredFromTheModelsOwnHistory() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            let author = try smallAuthor()
            let greedy = Synthesis.Options(sampling: .greedy(maxNewTokens: 8), answer: .every)
            try run(greedy, into: output, author: author, prompts: [smallPrompts[2]])
            guard case .messages(let messages, _) = try records(output)[0].content else {
                Issue.record("not a chat")
                return
            }
            #expect(messages.map(\.role) == [.system, .user, .assistant, .user, .assistant])
            #expect(messages[1].content == "Who sings?" && messages[3].content == "And who lives here?")
            let session = try ChatSession(
                decoder: author.decoder, tokenizer: author.tokenizer, template: .roleMarkers,
                stopIDs: author.stopIDs, options: .greedy(maxNewTokens: 8), seed: 0,
                system: "Wess keeps a goat.")
            for turn in [1, 3] {
                let answer = try session.answer(messages[turn].content) { _ in }
                #expect(answer.text == messages[turn + 1].content)
            }
        }
    }

    @Test func stopStringsEndAndAreCutOff() throws {
        try withTemporaryDirectory { directory in
            let (free, stopped) = (directory.appending(path: "free"), directory.appending(path: "stopped"))
            let question = [smallPrompts[1]]
            try run(options { $0.samples = 20 }, into: free, prompts: question)
            let texts = try records(free).map(\.content)
            // Two characters from the middle of one of the answers.
            let answers = texts.compactMap { if case .completion(_, let answer) = $0 { answer } else { nil } }
            let example = try #require(answers.first { $0.count > 8 })
            let stop = String(Array(example)[4...5])
            try run(
                options {
                    $0.samples = 20
                    $0.stop = [stop]
                }, into: stopped, prompts: question)
            for (record, whole) in zip(try records(stopped), texts) {
                guard case .completion(_, let text) = record.content, case .completion(_, let whole) = whole
                else {
                    Issue.record("not a completion")
                    return
                }
                if let cut = whole.range(of: stop)?.lowerBound {
                    #expect(text == whole[..<cut])
                    #expect(record.meta.finishReason == .stopString)
                } else {
                    #expect(text == whole)
                }
            }
        }
    }

    @Test func longPromptsAreRefusedByPlaceOrLeftOut() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "prompts.jsonl")
            let long = String(repeating: "Pell lives. ", count: 60)
            try Data(#"{"prompt": "Hi"}"#.utf8 + [10, 10]).write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"prompt\": \"\(long)\"}\n{\"text\": \"Wess\"}\n".utf8))
            let prompts = try SynthesisPrompt.read(file)
            let output = directory.appending(path: "out.jsonl")
            let error = #expect(throws: UserError.self) { try run(options(), into: output, prompts: prompts) }
            #expect(error?.line == 3 && error?.description.contains("prompts.jsonl:3: ") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["prompts.jsonl"])

            let summary = try run(options { $0.skipsLongPrompts = true }, into: output, prompts: prompts)
            #expect(summary.skippedPrompts == 1 && summary.records == 6)
            #expect(try records(output).map(\.meta.prompt) == [0, 0, 0, 2, 2, 2])
        }
    }

    @Test func modelsWithoutATemplateContinueTexts() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending(path: "out.jsonl")
            let author = try smallAuthor(template: nil)
            try run(
                options(), into: output, author: author,
                prompts: [SynthesisPrompt(.prompt("Pell keeps")), SynthesisPrompt(.text("Pell keeps"))])
            // Different prompts have different random streams, but both are continued as they stand.
            for record in try records(output) {
                switch record.content {
                case .completion(let prompt, let completion):
                    #expect(prompt == "Pell keeps" && !completion.hasPrefix("Pell keeps"))
                case .text(let text): #expect(text.hasPrefix("Pell keeps"))
                case .messages: Issue.record("a chat")
                }
            }
            let error = #expect(throws: UserError.self) {
                try run(
                    options(), into: directory.appending(path: "chat.jsonl"), author: author,
                    prompts: [smallPrompts[0]])
            }
            #expect(error?.description.contains("no chat template") == true)
        }
    }

    @Test func promptsAreReadFromEachKindOfFile() throws {
        try withTemporaryDirectory { directory in
            func read(_ text: String, _ name: String) throws -> [SynthesisPrompt] {
                let file = directory.appending(path: name)
                try Data(text.utf8).write(to: file)
                return try SynthesisPrompt.read(file)
            }
            let lines = """
                {"messages": [{"role": "user", "content": "a"}], "answers": ["b"]}
                {"prompt": "c", "completion": "d"}

                {"text": "e"}
                """
            let prompts = try read(lines, "a.jsonl")
            #expect(
                prompts.map(\.question) == [
                    .chat([Message(role: .user, content: "a")]), .prompt("c"), .text("e"),
                ])
            #expect(prompts.map(\.line) == [1, 2, 4])
            #expect(try read("x y\n\nz\n", "a.txt").map(\.question) == [.prompt("x y"), .prompt("z")])
            for (text, name, words) in [
                ("{\"answer\": 1}", "b.jsonl", "b.jsonl:1"), ("\n", "c.txt", "no prompt"),
                ("a,b", "d.csv", ".csv"),
                ("{\"prompt\": 3}", "e.jsonl", "\"prompt\" is not a string"),
            ] {
                let error = #expect(throws: UserError.self) { try read(text, name) }
                #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            }
            let error = #expect(throws: UserError.self) {
                try run(
                    options(), into: directory.appending(path: "out"),
                    prompts: [
                        SynthesisPrompt(.chat([Message(role: .assistant, content: "a")]), file: "f", line: 7)
                    ])
            }
            #expect(error?.description.hasPrefix("f:7: ") == true)
        }
    }
}
