import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

@Suite struct EvaluateTests {
    private func withText(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let text = (0..<60).map { #"{"text":"the red lamp is in the hall and the key is \#($0)"}"# }
            try Data((text.joined(separator: "\n") + "\n").utf8).write(
                to: directory.appending(path: "text.jsonl"))
            try body(directory)
        }
    }

    @Test(arguments: ["hf", "llama.cpp"])
    func perplexityOfSeveralModels(convention: String) throws {
        try withText { directory in
            let run = try CommandRun.distill(
                "evaluate", "perplexity", "teacher", "./teacher", "--data", "text.jsonl", "--context", "64",
                "--convention", convention, "--loss-on", "all", "--json", in: directory)
            let models = try run.models()
            #expect(models.map { $0["path"] as? String } == ["teacher", "./teacher"])
            let keys: Set = [
                "path", "tokens", "nll", "perplexity", "standard_error", "bits_per_byte", "counted",
            ]
            for model in models { #expect(Set(model.keys) == keys) }
            let model = models[0]
            #expect(abs(exp(try model.number("nll")) - (try model.number("perplexity"))) < 1e-6)
            // Random weights know little: near the size of the vocabulary, 320 pieces at most.
            #expect((100...1000).contains(try model.number("perplexity")))
            #expect(try models[0].number("nll") == models[1].number("nll"))
        }
    }

    @Test func theTableHasALineForEachModel() throws {
        try withText { directory in
            let run = try CommandRun.distill(
                "evaluate", "perplexity", "teacher", "./teacher", "--data", "text.jsonl", "--limit", "5",
                in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let lines = run.standardOutput.split(separator: "\n")
            #expect(lines.count == 5 && Set(lines.prefix(3).map(\.count)).count == 1, "\(run.standardOutput)")
            #expect(lines[3].hasPrefix("read: 5 documents of "), "\(run.standardOutput)")
            // Faults found, line 27: whether one is better.
            #expect(
                lines[4].hasPrefix("nll: ./teacher − teacher = +0.0000 ± 0.0000")
                    && lines[4].hasSuffix("5 items, paired): no difference is shown"), "\(run.standardOutput)"
            )
        }
    }

    /// A model that ends at an exit is the model of its first layers, which can be written by itself.
    @Test func anExitIsTheModelOfItsFirstLayers() throws {
        try withText { directory in
            let run = try CommandRun.distill(
                "convert", "teacher", "exit", "--exit", "1", "--type", "f32", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            func evaluate(_ arguments: String...) throws -> CommandRun {
                try CommandRun.run(
                    CommandRun.distill,
                    arguments: [
                        "evaluate", "perplexity", "--data", "text.jsonl", "--loss-on", "all", "--json",
                    ] + arguments,
                    in: directory)
            }
            let whole = try evaluate("teacher", "--exit", "1").models()[0].number("nll")
            #expect(try evaluate("exit").models()[0].number("nll") == whole)
            #expect(try evaluate("teacher").models()[0].number("nll") != whole)
            let missing = try evaluate("teacher", "--exit", "3")
            #expect(missing.status == 78 && missing.standardError.contains("accepted: 1 to 2"))
            #expect(try evaluate("teacher", "--exit", "0").status == 64)
            let chat = try CommandRun.distill(
                "chat", "teacher", "--exit", "1", "--prompt", "where", "--max-new-tokens", "3", in: directory)
            #expect(chat.status == 0, "\(chat.standardError)")
        }
    }

    @Test func aModelAgreesWithItself() throws {
        try withText { directory in
            let run = try CommandRun.distill(
                "evaluate", "agreement", "teacher", "--teacher", "teacher", "--data", "text.jsonl", "--json",
                in: directory)
            let model = try #require(try run.models().first)
            #expect(model["path"] as? String == "teacher")
            #expect(try model.number("mean_kl") < 1e-6)
            #expect(try model.number("top_agreement") == 1)
            #expect(try model.number("probability_difference") == 0)
            let percentiles = try #require(model["percentiles"] as? [String: Any])
            #expect(Set(percentiles.keys) == ["p50", "p90", "p95", "p99", "max"])
        }
    }

    @Test func tasksShowWrongAnswers() throws {
        try withText { directory in
            let line = #"{"messages":[{"role":"user","content":"where is the key"}],"answers":["nowhere"]}"#
            try Data((line + "\n" + line + "\n").utf8).write(to: directory.appending(path: "task.jsonl"))
            let arguments = ["evaluate", "task", "teacher", "--data", "task.jsonl", "--max-new-tokens", "8"]
            func run(_ more: String...) throws -> CommandRun {
                try CommandRun.run(CommandRun.distill, arguments: arguments + more, in: directory)
            }
            let model = try #require(try run("--json").models().first)
            #expect(try model.number("questions") == 2)
            #expect(try model.number("accuracy") == model.number("correct") / 2)
            let shown = try run("--show-wrong", "1").standardOutput
            #expect(shown.components(separatedBy: "where is the key").count == 2, "\(shown)")
            #expect(shown.contains("accepted: nowhere"))
        }
    }

    /// A model whose own template is not known is evaluated on chats with one that is named.
    @Test func aChatTemplateCanBeNamed() throws {
        try withText { directory in
            let chat = """
                {"messages": [{"role": "user", "content": "where"}, {"role": "assistant", "content": "in the hall"}]}
                """
            try Data("\(chat)\n".utf8).write(to: directory.appending(path: "chats.jsonl"))
            func run(_ template: String) throws -> CommandRun {
                try CommandRun.distill(
                    "evaluate", "perplexity", "teacher", "--data", "chats.jsonl", "--chat-template", template,
                    in: directory)
            }
            let own = try CommandRun.distill(
                "evaluate", "perplexity", "teacher", "--data", "chats.jsonl", in: directory)
            #expect(own.status == 0, "\(own.standardError)")
            #expect(try run("role-markers").standardOutput == own.standardOutput)
            let other = try run("chatml")
            #expect(other.status == 65 && other.standardError.contains("<|im_start|>"))
        }
    }

    /// Faults found, line 7: a context that the model does not have.
    @Test func aContextAboveTheModelsIsRefused() throws {
        try withText { directory in
            let run = try CommandRun.distill(
                "evaluate", "perplexity", "teacher", "--data", "text.jsonl", "--context", "129", in: directory
            )
            #expect(run.status == 78, "\(run.standardError)")
            #expect(run.standardError.contains("a context of 129 tokens exceeds the model's, 128"))
        }
    }

    /// Faults found, line 19: a prompt is a question, and an answer is right but for its full stop.
    @Test func promptsAreQuestions() throws {
        try withText { directory in
            try Data("{\"prompt\":\"where is the key\",\"answers\":\"nowhere\"}".utf8).write(
                to: directory.appending(path: "task.ndjson"))
            let model = try #require(
                try CommandRun.distill(
                    "evaluate", "task", "teacher", "--data", "task.ndjson", "--max-new-tokens", "4", "--json",
                    in: directory
                ).models().first)
            #expect(try model.number("questions") == 1)
            #expect(try model.number("normalized_correct") >= model.number("correct"))
        }
    }

    @Test func taskFilesAreCheckedByLine() throws {
        try withText { directory in
            let text = """
                {"messages":[{"role":"user","content":"a"}],"answers":["b"]}
                {"messages":[{"role":"user","content":"a"}],"answers":[]}
                """
            try Data(text.utf8).write(to: directory.appending(path: "task.jsonl"))
            let run = try CommandRun.distill(
                "evaluate", "task", "teacher", "--data", "task.jsonl", in: directory)
            #expect(run.status == 65)
            #expect(run.standardError.contains("task.jsonl:2: "), "\(run.standardError)")
        }
    }

    @Test func questionsLongerThanTheContextAreNamed() throws {
        try withText { directory in
            let long = String(repeating: "red lamp ", count: 300)
            let line = #"{"messages":[{"role":"user","content":"\#(long)"}],"answers":["b"]}"#
            try Data(line.utf8).write(to: directory.appending(path: "task.jsonl"))
            let run = try CommandRun.distill(
                "evaluate", "task", "teacher", "--data", "task.jsonl", in: directory)
            #expect(run.status == 65)
            #expect(run.standardError.contains("question 1 of 1"), "\(run.standardError)")
            #expect(run.standardError.contains("context of 128"), "\(run.standardError)")
        }
    }

    @Test func modelsWithOtherTokenizersAreNotCompared() throws {
        try withText { directory in
            let tokenizer = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: tokenizer.vocabularySize, width: 16, layers: 1, heads: 2, feedForward: 32),
                seed: 1)
            try Checkpoint.save(
                decoder: decoder, tokenizer: tokenizer, template: .roleMarkers,
                to: directory.appending(path: "other"))
            let run = try CommandRun.distill(
                "evaluate", "agreement", "other", "--teacher", "teacher", "--data", "text.jsonl",
                in: directory)
            #expect(run.status == 78, "\(run.standardError)")
            #expect(run.standardError.split(separator: "\n").count == 1, "\(run.standardError)")
            #expect(
                run.standardError.contains("teacher: has another tokenizer than other"),
                "\(run.standardError)")
        }
    }

    @Test(arguments: [
        (["evaluate", "perplexity", "nowhere", "--data", "text.jsonl"], Int32(66), "nowhere"),
        (["evaluate", "perplexity", "teacher", "--data", "nowhere.jsonl"], 66, "nowhere.jsonl"),
        (["evaluate", "perplexity", "text.jsonl", "--data", "text.jsonl"], 66, "text.jsonl"),
        (["evaluate", "perplexity", "teacher", "--data", "teacher/config.json"], 65, "config.json"),
        (["evaluate", "task", "teacher", "--data", "nowhere.jsonl"], 66, "nowhere.jsonl"),
        (["label", "nowhere", "--corpus", "text.jsonl", "--output", "out"], 66, "nowhere"),
        (["label", "teacher", "--corpus", "text.jsonl", "--output", "text.jsonl/out"], 73, "text.jsonl"),
        (["inspect", "nowhere"], 66, "nowhere"),
        (["inspect", "nowhere.jsonl"], 66, "nowhere.jsonl"),
    ])
    func missingFilesAreNamed(arguments: [String], status: Int32, mention: String) throws {
        try withText { directory in
            let run = try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
            #expect(run.status == status, "\(run.status): \(run.standardError)")
            #expect(run.standardError.contains(mention), "\(run.standardError)")
            #expect(!run.standardError.contains("internal error"), "\(run.standardError)")
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "out").path))
        }
    }
}
