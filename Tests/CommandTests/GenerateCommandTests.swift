import Foundation
import TestSupport
import Testing

@Suite struct GenerateCommandTests {
    private func write(_ text: String, _ name: String, in directory: URL) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }

    private func lines(_ name: String, in directory: URL) throws -> [String] {
        try String(contentsOf: directory.appending(path: name), encoding: .utf8).split(separator: "\n").map(
            String.init)
    }

    @Test func answersSayWhereTheyComeFrom() throws {
        try withSmallModel { directory in
            try write("{\"prompt\": \"Where does Pell live?\"}\n", "prompts.jsonl", in: directory)
            let run = try CommandRun.distill(
                "generate", "model", "--prompts", "prompts.jsonl", "--output", "out.jsonl", "--samples", "2",
                "--max-new-tokens", "6", "--temperature", "0.7", "--top-p", "0.9", "--top-k", "50", "--min-p",
                "0.01",
                "--seed", "7", "--stop", "zzz", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            #expect(run.standardOutput.hasPrefix("out.jsonl: 2 answers"))
            let lines = try lines("out.jsonl", in: directory)
            #expect(lines.count == 2)
            let record = try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any]
            #expect(record?["prompt"] as? String == "Where does Pell live?")
            #expect(record?["completion"] is String)
            let meta = record?["meta"] as? [String: Any]
            #expect(meta?["model"] as? String == "model")
            #expect(meta?["seed"] as? Int == 7)
            #expect(meta?["sample"] as? Int == 1)
            #expect(["length", "stop"].contains(meta?["finish_reason"] as? String))
            let sampling = meta?["sampling"] as? [String: Any]
            #expect(sampling?["temperature"] as? Double == 0.7)
            #expect(sampling?["max_new_tokens"] as? Int == 6)
            #expect(lines[1].contains("\"temperature\":0.7,"))
        }
    }

    /// Answers of a model that ends early say so, and are not mixed with those of the whole one.
    @Test func anExitIsAModelOfItsOwn() throws {
        try withSmallModel { directory in
            try write("{\"prompt\": \"Where does Pell live?\"}\n", "prompts.jsonl", in: directory)
            func generate(_ arguments: String...) throws -> CommandRun {
                try CommandRun.run(
                    CommandRun.distill,
                    arguments: [
                        "generate", "model", "--prompts", "prompts.jsonl", "--max-new-tokens", "6",
                        "--temperature", "0", "--output",
                    ] + arguments,
                    in: directory)
            }
            let early = try generate("early.jsonl", "--exit", "1")
            #expect(early.status == 0, "\(early.standardError)")
            #expect(try lines("early.jsonl", in: directory)[0].contains("\"model\":\"model, exit 1\""))
            let whole = try generate("early.jsonl")
            #expect(whole.status == 73, "\(whole.standardError)")
            #expect(whole.standardError.contains("the model is model here and model, exit 1 there"))
            #expect(try generate("other.jsonl", "--exit", "9").status == 78)
        }
    }

    /// Ended again and again at whatever moment, the command writes what it writes undisturbed.
    @Test func interruptedRunsGoOn() throws {
        try withSmallModel { directory in
            let prompts = (0..<1500).map { "Where does Pell live on day \($0)?" }.joined(separator: "\n")
            try write(prompts, "prompts.txt", in: directory)
            func run(_ output: String, timeout: Double) throws -> CommandRun {
                try CommandRun.distill(
                    "generate", "model", "--prompts", "prompts.txt", "--output", output, "--max-new-tokens",
                    "40",
                    in: directory, timeout: timeout)
            }
            let undisturbed = try run("whole.jsonl", timeout: 300)
            #expect(undisturbed.status == 0, "\(undisturbed.standardError)")

            var interruptions = 0
            // A quarter of the time the whole takes, then longer: a slow moment of the machine must not hold it up.
            var time = max(0.2, undisturbed.seconds / 4)
            while try run("parts.jsonl", timeout: time).timedOut {
                interruptions += 1
                time *= 1.2
                #expect(
                    !FileManager.default.fileExists(atPath: directory.appending(path: "parts.jsonl").path))
            }
            #expect(interruptions > 0)
            let (whole, parts) = (
                try lines("whole.jsonl", in: directory), try lines("parts.jsonl", in: directory)
            )
            #expect(whole.count == 1500 && whole == parts)
        }
    }

    @Test func mistakesEndInOneMessage() throws {
        try withSmallModel { directory in
            try write("{\"prompt\": \"Hi\"}\n{\"promt\": \"Hi\"}\n", "bad.jsonl", in: directory)
            try write("{\"prompt\": \"Hi\"}\n", "good.jsonl", in: directory)
            func expect(_ status: Int32, _ words: String, _ arguments: String...) throws {
                let run = try CommandRun.run(
                    CommandRun.distill, arguments: ["generate"] + arguments, in: directory)
                #expect(run.status == status, "\(run.standardError)")
                #expect(words.isEmpty || run.standardError.contains(words), "\(run.standardError)")
            }
            try expect(64, "top-p 1.5", "model", "--prompts", "good.jsonl", "--output", "o", "--top-p", "1.5")
            try expect(
                64, "--samples 0", "model", "--prompts", "good.jsonl", "--output", "o", "--samples", "0")
            // Faults found, line 13: every answer twice.
            try expect(
                64, "every answer would be written 2 times", "model", "--prompts", "good.jsonl", "--output",
                "o",
                "--samples", "2", "--temperature", "0")
            try expect(
                64, "--samples 2 with --top-k 1", "model", "--prompts", "good.jsonl", "--output", "o",
                "--samples", "2", "--top-k", "1")
            try expect(66, "no such model", "nothing", "--prompts", "good.jsonl", "--output", "o")
            try expect(65, "bad.jsonl:2: ", "model", "--prompts", "bad.jsonl", "--output", "o")
            try expect(73, "no/o", "model", "--prompts", "good.jsonl", "--output", "no/o")
            try expect(0, "", "model", "--prompts", "good.jsonl", "--output", "o", "--max-new-tokens", "3")
            try expect(
                73, "seed is 2 here and 1 there", "model", "--prompts", "good.jsonl", "--output", "o",
                "--max-new-tokens", "3", "--seed", "2")
            #expect(
                Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
                    == ["model", "bad.jsonl", "good.jsonl", "o", "o.origin"])
        }
    }
}
