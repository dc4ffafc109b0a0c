import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// What users get wrong ends in one clear message and a sysexits code, and leaves nothing behind.
@Suite struct BadInputTests {
    @Test func aRecipesMistakesAreReportedTogether() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let text = """
                name: tiny
                sed: 5
                teacher: ./teacher
                student: {layers: 2, width: 30, heads: 4, feed_forward: 64}
                stages:
                  - generate: {prompts: missing.jsonl, samples: 0, to: corpus}
                  - train: {corpus: korpus, losses: [{kind: cross_entropy}], steps: 5, to: student}
                """
            try Data(text.utf8).write(to: directory.appending(path: "bad.yaml"))
            let run = try CommandRun.distill("run", "bad.yaml", in: directory)
            #expect(run.status == 78)
            let lines = run.standardError.split(separator: "\n").filter { $0.hasPrefix("bad.yaml:") }
            #expect(lines.count >= 5, "\(run.standardError)")
            for place in ["bad.yaml:2:", "bad.yaml:4:", "bad.yaml:6:", "bad.yaml:7:"] {
                #expect(lines.contains { $0.hasPrefix(place) }, "nothing at \(place)")
            }
            #expect(run.standardError.contains("seed"))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "runs").path))
        }
    }

    /// Weights that are finite and overflow on the way: perplexity printed "nan" and ended with 0, label and agreement trapped.
    @Test func aModelWhoseOutputIsNoNumberIsRefused() throws {
        try withSmallModel { directory in
            let model = try Checkpoint.load(directory.appending(path: "model"), weights: .f32)
            for (_, tensor) in model.decoder.parameters where tensor.shape.count == 1 {
                tensor.withUnsafeMutableFloats { for index in $0.indices { $0[index] = 3e38 } }
            }
            try Checkpoint.save(
                decoder: model.decoder, tokenizer: model.tokenizer, template: model.template,
                to: directory.appending(path: "broken"))
            try Data(#"{"prompt":"Where does Pell live?","completion":"By the river."}"#.utf8)
                .write(to: directory.appending(path: "chats.jsonl"))
            for arguments in [
                ["evaluate", "perplexity", "broken", "--data", "chats.jsonl"],
                ["evaluate", "agreement", "broken", "--teacher", "model", "--data", "chats.jsonl"],
                ["evaluate", "agreement", "model", "--teacher", "broken", "--data", "chats.jsonl"],
                ["label", "broken", "--corpus", "chats.jsonl", "--output", "signals"],
                ["label", "broken", "--corpus", "chats.jsonl", "--output", "likeliest", "--kind", "top_k"],
                ["chat", "broken", "--prompt", "Where?"],
            ] {
                let run = try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
                #expect(run.status == 65 && !run.wasSignalled, "\(arguments): \(run.standardError)")
                #expect(run.standardError.contains("the model's output is not a number"))
                #expect(run.standardOutput.isEmpty)
            }
            #expect(!FileManager.default.fileExists(atPath: directory.path + "/signals/manifest.json"))
        }
    }

    /// The corpus was replaced by the vocabulary, and a whole vocabulary by its part.
    @Test func anOutputThatIsAnInputIsRefused() throws {
        try withSmallModel { directory in
            let text = Data("Pell keeps a goat.\nWess sings by the river.\n".utf8)
            let file = directory.appending(path: "data/text.txt")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file)
            try FileManager.default.createSymbolicLink(
                at: directory.appending(path: "link.txt"), withDestinationURL: file)
            let vocabulary = directory.appending(path: "model/tokenizer.model")
            let whole = try Data(contentsOf: vocabulary)
            for arguments in [
                ["train", "data/text.txt", "--output", "./data/text.txt", "--vocabulary-size", "300"],
                ["train", "data", "--output", "link.txt", "--vocabulary-size", "300"],
                [
                    "trim", "model", "link.txt", "--size", "300", "--output",
                    "model/tokenizer.model",
                ],
                ["trim", "model", "link.txt", "--size", "300", "--output", "data/text.txt"],
            ] {
                let run = try CommandRun.run(
                    CommandRun.distill, arguments: ["tokenizer"] + arguments, in: directory)
                #expect(run.status == 73, "\(arguments): \(run.standardError)")
                #expect(run.standardError.contains("is read by this command and would be replaced"))
            }
            #expect(try Data(contentsOf: file) == text && Data(contentsOf: vocabulary) == whole)
        }
    }

    /// Swift repairs such an argument: an output was written under another name, and exit code 0 followed.
    @Test func anArgumentThatIsNotUTF8IsRefused() throws {
        try withSmallModel { directory in
            let run = try CommandRun.run(
                URL(filePath: "/bin/sh"),
                arguments: [
                    "-c", #"exec "$0" convert model "$(printf 'a\377b').gguf""#, CommandRun.distill.path,
                ],
                in: directory)
            #expect(run.status == 64)
            #expect(
                run.standardError.contains(#"the argument a\xFFb.gguf is not UTF-8"#), "\(run.standardError)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["model"])
        }
    }

    /// A value of 100,000 characters was quoted whole.
    @Test func longValuesAreCutInMessages() throws {
        try withSmallModel { directory in
            let run = try CommandRun.distill(
                "tokenizer", "decode", "model", in: directory,
                input: String(repeating: "1", count: 100_000) + "\n")
            #expect(run.status == 65)
            #expect(run.standardError.count < 2200 && run.standardError.contains("characters…]"))
            #expect(run.standardError.hasSuffix("separated by spaces\n"))
        }
    }

    @Test func aMissingDirectoryForTemporaryFilesIsNamed() throws {
        try withSmallModel { directory in
            try Data("Pell keeps a goat.\n".utf8).write(to: directory.appending(path: "text.txt"))
            let run = try CommandRun.distill(
                "evaluate", "perplexity", "model", "--data", "text.txt", in: directory,
                environment: ["TMPDIR": "/nonexistent"])
            #expect(run.status == 73)
            #expect(run.standardError.contains("/nonexistent: cannot create"))
            #expect(run.standardError.contains("environment variable TMPDIR"))
        }
    }

    @Test func damagedWeightsAreRefused() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let weights = tiny.teacher.appending(path: "model.safetensors")
            let sound = try Data(contentsOf: weights)
            var huge = sound
            huge.replaceSubrange(0..<8, with: withUnsafeBytes(of: UInt64(1 << 60).littleEndian) { Data($0) })
            var flipped = sound
            flipped[20] ^= 0x40
            for (name, data) in [
                ("truncated", sound.prefix(sound.count / 2)), ("empty", Data()), ("2^60 bytes", huge),
                ("bit-flipped header", flipped),
            ] {
                try data.write(to: weights)
                let run = try CommandRun.distill("chat", "teacher", "--prompt", "hello", in: directory)
                #expect(run.status == 65, "\(name): \(run.status) \(run.standardError)")
                #expect(run.standardError.contains("model.safetensors"), "\(name): \(run.standardError)")
                #expect(run.standardError.split(separator: "\n").count == 1, "\(name): \(run.standardError)")
            }
        }
    }

    @Test func damagedTokenizersAreRefused() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let model = tiny.teacher.appending(path: "tokenizer.model")
            let sound = try Data(contentsOf: model)
            for data in [sound.prefix(sound.count / 2), Data(), Data("not a model".utf8)] {
                try data.write(to: model)
                let run = try CommandRun.distill("chat", "teacher", "--prompt", "hello", in: directory)
                #expect((64...78).contains(run.status) && !run.wasSignalled, "\(run.standardError)")
                #expect(run.standardError.contains("tokenizer.model"), "\(run.standardError)")
            }
        }
    }

    @Test(arguments: [
        ("empty.jsonl", "", Int32(66)), ("broken.jsonl", "{\"messages\": [\n", 65),
        ("role.jsonl", #"{"messages":[{"role":"wizard","content":"x"}]}"#, 65),
    ])
    func unsoundCorporaAreRefused(name: String, content: String, status: Int32) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            try Data(content.utf8).write(to: directory.appending(path: name))
            let run = try CommandRun.distill(
                "generate", "teacher", "--prompts", name, "--output", "out.jsonl", in: directory)
            #expect(run.status == status, "\(run.status): \(run.standardError)")
            #expect(run.standardError.contains(name))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "out.jsonl").path))
        }
    }

    @Test func invalidUTF8IsNamedByLine() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            var data = Data("{\"text\":\"fine\"}\n{\"text\":\"".utf8)
            data += [0xFF, 0xFE]
            data += Data("\"}\n".utf8)
            try data.write(to: directory.appending(path: "latin.jsonl"))
            let run = try CommandRun.distill(
                "evaluate", "perplexity", "teacher", "--data", "latin.jsonl", in: directory)
            #expect(run.status == 65)
            #expect(run.standardError.contains("latin.jsonl:2"), "\(run.standardError)")
        }
    }

    @Test func aPromptLongerThanTheContextIsRefused() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let long = String(repeating: "red lamp ", count: 400)
            let run = try CommandRun.distill("chat", "teacher", "--prompt", long, in: directory)
            #expect(run.status == 65)
            #expect(run.standardError.contains("context"), "\(run.standardError)")
        }
    }

    @Test func damagedCachesAreRefused() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let chat = #"{"prompt":"where is the key","completion":"the key is in the red hall"}"#
            try Data((chat + "\n").utf8).write(to: directory.appending(path: "corpus.jsonl"))
            let labelled = try CommandRun.distill(
                "label", "teacher", "--data", "corpus.jsonl", "--output", "signals", in: directory)
            #expect(labelled.status == 0, "\(labelled.standardError)")
            #expect(try CommandRun.distill("inspect", "signals", "--verify", in: directory).status == 0)
            let shard = directory.appending(path: "signals/shard-00000.safetensors")
            var data = try Data(contentsOf: shard)
            data[data.count - 3] ^= 1
            try data.write(to: shard)
            let run = try CommandRun.distill("inspect", "signals", in: directory)
            #expect(run.status == 65)
            #expect(run.standardError.contains("shard-00000.safetensors"), "\(run.standardError)")
        }
    }

    @Test func aRunDirectoryInUseIsRefused() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let first = Process()
            first.executableURL = CommandRun.distill
            first.arguments = ["run", "tiny.yaml", "--set", "stages.train.steps=100000"]
            first.currentDirectoryURL = directory
            first.standardError = FileHandle.nullDevice
            try first.run()
            defer {
                kill(first.processIdentifier, SIGKILL)
                first.waitUntilExit()
            }
            let lock = directory.appending(path: "runs/tiny/.lock")
            while !FileManager.default.fileExists(atPath: lock.path), first.isRunning { usleep(20_000) }
            usleep(200_000)
            let second = try CommandRun.distill("run", "tiny.yaml", in: directory)
            #expect(second.status == 75, "\(second.status): \(second.standardError)")
            #expect(second.standardError.contains("\(first.processIdentifier)"), "\(second.standardError)")
        }
    }

    @Test func aCacheInUseIsRefused() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let cache = directory.appending(path: "signals")
            try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: false)
            let lock = try FileLock(directory: cache)
            let run = try CommandRun.distill(
                "label", "teacher", "--data", "prompts.jsonl", "--loss-on", "all", "--output", "signals",
                in: directory)
            withExtendedLifetime(lock) {}
            #expect(run.status == 75, "\(run.status): \(run.standardError)")
            #expect(run.standardError.contains("signals"), "\(run.standardError)")
        }
    }

    @Test func aDirectoryOfOtherThingsIsNoCache() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let before = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            let run = try CommandRun.distill(
                "label", "teacher", "--data", "prompts.jsonl", "--loss-on", "all", "--output", ".",
                in: directory)
            #expect(run.status == 73, "\(run.status): \(run.standardError)")
            #expect(run.standardError.contains("prompts.jsonl and 2 more"), "\(run.standardError)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == before)
        }
    }

    /// Needs root, for a file system of its own.
    @Test(
        .enabled(if: getuid() == 0),
        arguments: [
            "run tiny.yaml --runs small",
            "generate teacher --prompts prompts.jsonl --samples 3 --output small/corpus.jsonl",
            "label teacher --data prompts.jsonl --loss-on all --kind top_k --k 300 --output small/signals",
            "tokenizer train prompts.jsonl --vocabulary-size 310 --output small/tokenizer.model",
        ])
    func aFullDiskLeavesNothingHalfWritten(line: String) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let small = directory.appending(path: "small")
            try FileManager.default.createDirectory(at: small, withIntermediateDirectories: false)
            let mount = try CommandRun.run(
                URL(filePath: "/bin/mount"),
                arguments: ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small.path])
            guard mount.status == 0 else {
                // A container may forbid mounts even to root.
                Issue.record("no tmpfs could be mounted: \(mount.standardError)")
                return
            }
            defer { _ = try? CommandRun.run(URL(filePath: "/bin/umount"), arguments: [small.path]) }
            // Some room is left: what is written fits in part.
            try Data(count: 60 << 10).write(to: small.appending(path: "ballast"))
            let run = try CommandRun.run(
                CommandRun.distill, arguments: line.split(separator: " ").map(String.init), in: directory,
                timeout: 120)
            #expect([73, 74].contains(run.status), "\(run.status): \(run.standardError)")
            #expect(run.standardError.lowercased().contains("no space"), "\(run.standardError)")
            for final in ["tiny/student", "corpus.jsonl", "signals/manifest.json", "tokenizer.model"] {
                #expect(!FileManager.default.fileExists(atPath: small.appending(path: final).path))
            }
        }
    }
}
