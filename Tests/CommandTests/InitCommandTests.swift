import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

/// Faults found, line 27: `distill init` helps wherever it is started, and what it writes is valid where it stands.
@Suite struct InitCommandTests {
    private static let smallBudget = ["--set", "stages.train.tokens=512", "--set", "stages.evaluate.limit=2"]

    private func files(_ directory: URL) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
    }

    /// Writes a recipe, checks it and runs it with few tokens.
    private func initAndRun(_ arguments: [String], in directory: URL, _ changes: [String] = []) throws
        -> String
    {
        let run = try CommandRun.run(CommandRun.distill, arguments: ["init"] + arguments, in: directory)
        try #require(run.status == 0, "\(run.standardError)")
        let text = try String(contentsOf: directory.appending(path: "recipe.yaml"), encoding: .utf8)
        let valid = try CommandRun.distill("validate", "recipe.yaml", in: directory)
        #expect(valid.status == 0, "\(valid.standardError)\n\(text)")
        let all = try CommandRun.run(
            CommandRun.distill, arguments: ["run", "recipe.yaml"] + Self.smallBudget + changes, in: directory)
        #expect(all.status == 0, "\(all.standardError)\n\(text)")
        #expect(FileManager.default.fileExists(atPath: directory.appending(path: "runs/recipe/student").path))
        return text
    }

    @Test func textOfOnesOwn() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let paragraph = (0..<30).map { "the red lamp of hall \($0 % 7)" }.joined(separator: " ")
            // Names that YAML or the names of stages' results could make something else of.
            let name = "my \"book\" # 1: a.txt"
            try Data((0..<40).map { "\(paragraph) \($0)" }.joined(separator: "\n\n").utf8)
                .write(to: directory.appending(path: name))
            let text = try initAndRun(
                ["--teacher", "teacher", "--data", name, "--held-out", name], in: directory)
            for line in [
                "teacher: ./teacher\n", "layers: 1  # of 2", "# Expect:  ≈ ", "40 texts", "of memory",
                "tokens: ",
            ] {
                #expect(text.contains(line), "\(line)")
            }
            #expect(!text.contains("loss_on"), "text has no assistant")
            #expect(!text.contains("trim_to"), "320 pieces are few")
            #expect(!text.contains("init with --held-out"))
        }
    }

    /// The only model and the only corpus of a directory need no flags. Questions are answered by the teacher first.
    @Test func questionsThatLieHere() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let text = try initAndRun(
                [], in: directory,
                ["--set", "stages.generate.limit=6", "--set", "stages.generate.max_new_tokens=8"])
            for line in [
                "- generate:", "prompts: ./prompts.jsonl", "loss_on: assistant", "150 questions",
                "--held-out",
            ] {
                #expect(text.contains(line), "\(line)")
            }
        }
    }

    /// A teacher with a byte-level BPE vocabulary: the whole pipeline, with the whole vocabulary and with a trimmed one.
    @Test func aTeacherWithTokenizerJSON() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try Tokenizer(contentsOf: golden("tokenizers/qwen.json"))
            let shape = Configuration(
                vocabularySize: tokenizer.vocabularySize, width: 32, layers: 2, heads: 2, feedForward: 64,
                contextLength: 256)
            try Checkpoint.save(
                decoder: DecoderModel(configuration: shape, seed: 5), tokenizer: tokenizer,
                to: directory.appending(path: "teacher"))
            try Data((0..<40).map { "the red lamp of hall \($0) é 漢\n" }.joined(separator: "\n").utf8)
                .write(to: directory.appending(path: "a.txt"))
            let text = try initAndRun(["--teacher", "teacher", "--data", "a.txt"], in: directory)
            #expect(!text.contains("trim_to"))
            let student = directory.appending(path: "runs/recipe/student")
            #expect(FileManager.default.fileExists(atPath: student.appending(path: "tokenizer.json").path))
            #expect(try Checkpoint.tokenizer(at: student).hasSameIDs(as: tokenizer))
            let few = try CommandRun.distill(
                "run", "recipe.yaml", "--dry-run", "--set", "student.vocabulary={trim_to: 200}", in: directory
            )
            #expect(few.status == 78)
            #expect(few.standardError.contains("200 pieces are too few: those that must stay"))
            let trimmed = try CommandRun.distill(
                "run", "recipe.yaml", "--set", "student.vocabulary={trim_to: 300}", in: directory)
            #expect(trimmed.status == 0, "\(trimmed.standardError)")
            let small = try Checkpoint.load(student)
            let (narrow, line) = (try small.requireTokenizer(), "the red lamp of hall 7 é 漢")
            #expect(small.decoder.configuration.vocabularySize == 300 && narrow.vocabularySize == 300)
            #expect(narrow.encode(line).map(narrow.piece) == tokenizer.encode(line).map(tokenizer.piece))
        }
    }

    @Test func chatsAreLearntFromTheirAnswers() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let chats = (0..<20).map {
                #"{"prompt": "where is the key \#($0)", "completion": "the key is in the hall"}"#
            }
            try Data((chats.joined(separator: "\n") + "\n").utf8).write(
                to: directory.appending(path: "corpus.jsonl"))
            let run = try CommandRun.distill(
                "init", "--teacher", "teacher", "--data", "corpus.jsonl", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let text = try String(contentsOf: directory.appending(path: "recipe.yaml"), encoding: .utf8)
            #expect(
                text.contains("20 chats") && text.contains("loss_on: assistant")
                    && !text.contains("- generate:"))
            #expect(try CommandRun.distill("validate", "recipe.yaml", in: directory).status == 0)
        }
    }

    @Test func anEmptyDirectoryGetsAnAnswerAndNoFile() throws {
        try withTemporaryDirectory { directory in
            let run = try CommandRun.distill("init", in: directory)
            #expect(run.status == 66)
            #expect(run.standardError.contains("distill init --teacher MODEL --data TEXT"))
            #expect(try files(directory).isEmpty)
        }
    }

    @Test(arguments: [
        ("--teacher teacher --data missing.txt", 66, "missing.txt"),
        ("--teacher missing --data prompts.jsonl", 66, "missing"),
        ("--teacher teacher --data tiny.yaml", 65, "tiny.yaml"), ("--teacher teacher", 64, "--data"),
        ("--data prompts.jsonl", 64, "--teacher"), ("--held-out prompts.jsonl", 64, "--teacher"),
        ("--teacher teacher --data prompts.jsonl --held-out missing.txt", 66, "missing.txt"),
    ])
    func whatCannotBeUsedIsNamed(line: String, status: Int32, name: String) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let before = try files(directory)
            let run = try CommandRun.run(
                CommandRun.distill, arguments: ["init"] + line.split(separator: " ").map(String.init),
                in: directory)
            #expect(run.status == status, "\(run.standardError)")
            #expect(run.standardError.contains(name))
            #expect(try files(directory) == before)
        }
    }

    /// In a clone, the recipe with a comment on every key names files that are there.
    @Test func theCloneHasItsOwnRecipe() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createSymbolicLink(
                at: directory.appending(path: "data"), withDestinationURL: packageRoot.appending(path: "data")
            )
            #expect(try CommandRun.distill("init", in: directory).status == 0)
            #expect(try CommandRun.distill("validate", "recipe.yaml", in: directory).status == 0)
            let again = try CommandRun.distill("init", in: directory)
            #expect(again.status == 73)
        }
    }
}
