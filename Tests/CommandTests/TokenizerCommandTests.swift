import Foundation
import TestSupport
import Testing
import Tokenization

@Suite("distill tokenizer")
struct TokenizerCommandTests {
    private static let model = golden("tokenization/unigram.model").path

    @Test func linesComeBack() throws {
        let text = "Where is the lamp?\n\n  two  spaces \n<|user|>中 😀\0\n\r\nlast, without a line end"
        let ids = try CommandRun.distill("tokenizer", "encode", Self.model, input: text)
        #expect(ids.status == 0 && ids.standardError == "")
        let tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: Self.model))
        let first = tokenizer.encode("Where is the lamp?").map(String.init).joined(separator: " ")
        #expect(ids.standardOutput.hasPrefix(first + "\n\n"))
        #expect(ids.standardOutput.utf8.count { $0 == 10 } == 6)
        let back = try CommandRun.distill(
            "tokenizer", "decode", Self.model, input: ids.standardOutput)
        #expect(back.status == 0)
        #expect(back.standardOutput.utf8.elementsEqual((text + "\n").utf8))
    }

    /// With `--jsonl` texts with line breaks are one line each, in both kinds of vocabulary.
    @Test(arguments: ["tokenization/unigram.model", "tokenizers/qwen.json"])
    func textsWithLineBreaksAreJSONStrings(model: String) throws {
        let model = golden(model).path
        let text = #""two\nlines""# + "\n" + #""\u00e9 \"😀\" \\ <|end|>""# + "\n\"\"\n"
        let ids = try CommandRun.distill("tokenizer", "encode", model, "--jsonl", input: text)
        #expect(ids.status == 0 && ids.standardOutput.utf8.count { $0 == 10 } == 3, "\(ids.standardError)")
        let tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: model))
        let first = tokenizer.encode("two\nlines").map(String.init).joined(separator: " ")
        #expect(ids.standardOutput.hasPrefix(first + "\n"))
        let back = try CommandRun.distill("tokenizer", "decode", model, "--jsonl", input: ids.standardOutput)
        #expect(back.standardOutput == text.replacing("\\u00e9", with: "é"))
        for (line, problem) in [
            ("[1]", "not a JSON string"), ("\"a", "standard input:2"), ("a", "standard input:2"),
        ] {
            let run = try CommandRun.distill(
                "tokenizer", "encode", model, "--jsonl", input: "\"a\"\n\(line)\n")
            #expect(run.status == 65 && run.standardError.contains(problem), "\(run.standardError)")
            #expect(run.standardError.contains("with --jsonl a line is a JSON string"))
        }
        let shown = try CommandRun.distill("tokenizer", "inspect", model)
        #expect(
            shown.standardOutput.contains(model.hasSuffix(".json") ? "(tokenizer.json)" : "(sentencepiece)"))
    }

    /// A tiktoken file has no pattern: one is named, or it is refused; as a tokenizer.json it has one.
    @Test func tiktokenFilesAreConverted() throws {
        try withTemporaryDirectory { directory in
            let pieces = (0...255).map { [UInt8($0)] } + [Array("ab".utf8), Array("12".utf8)]
            let ranks = pieces.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }.joined()
            let (file, output) = (
                directory.appending(path: "my.tiktoken"), directory.appending(path: "tokenizer.json")
            )
            try Data(ranks.utf8).write(to: file)
            let refused = try CommandRun.distill("tokenizer", "encode", file.path, input: "ab 12\n")
            #expect(
                refused.status == 65 && refused.standardError.contains("--pattern"),
                "\(refused.standardError)")
            for (pattern, ids) in [("llama-bpe", "256 32 257\n"), ("qwen2", "256 32 49 50\n")] {
                let run = try CommandRun.distill(
                    "tokenizer", "encode", file.path, "--pattern", pattern, input: "ab 12\n")
                #expect(run.status == 0 && run.standardOutput == ids, "\(run.standardError)")
                let written = try CommandRun.distill(
                    "tokenizer", "convert", file.path, "--pattern", pattern, "--output", output.path, "--json"
                )
                #expect(written.status == 0 && written.standardOutput.contains("\"vocabulary_size\""))
                let again = try CommandRun.distill("tokenizer", "encode", output.path, input: "ab 12\n")
                #expect(again.standardOutput == ids)
            }
            let unknown = try CommandRun.distill("tokenizer", "inspect", file.path, "--pattern", "none")
            #expect(unknown.status == 64 && unknown.standardError.contains("qwen2"))
            for input in [Self.model, output.path] {
                let wrong = try CommandRun.distill("tokenizer", "inspect", input, "--pattern", "qwen2")
                #expect(wrong.status == 65 && wrong.standardError.contains("no tiktoken file"))
            }
            let sentencePiece = try CommandRun.distill("tokenizer", "convert", Self.model, "--output", "-")
            #expect(sentencePiece.status == 65 && sentencePiece.standardOutput.isEmpty)
        }
    }

    /// A trimmed tokenizer.json is a file, or a directory that says too which tokens begin and end texts.
    @Test func tokenizerJSONIsTrimmed() throws {
        try withTemporaryDirectory { directory in
            let model = directory.appending(path: "model")
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                at: golden("tokenizers/qwen.json"), to: model.appending(path: "tokenizer.json"))
            try Data(#"{"bos_token": "<|begin|>", "eos_token": "<|end|>"}"#.utf8).write(
                to: model.appending(path: "tokenizer_config.json"))
            try Data("Ada takes the lamp 😀.".utf8).write(to: directory.appending(path: "a.txt"))
            func trim(_ output: String, _ more: String...) throws -> CommandRun {
                try CommandRun.run(
                    CommandRun.distill,
                    arguments: ["tokenizer", "trim", "model", "a.txt", "--output", output] + more,
                    in: directory)
            }
            let run = try trim("small", "--size", "300")
            #expect(
                run.status == 0 && run.standardOutput.contains("small: 300 pieces"), "\(run.standardError)")
            #expect(run.standardOutput.contains("; 0 tokens change"))
            let small = try Tokenizer(contentsOf: directory.appending(path: "small"))
            #expect(small.endID.map(small.piece) == "<|end|>")
            #expect(small.beginTokenID.map(small.piece) == "<|begin|>")
            #expect(try trim("small.json", "--size", "300").status == 0)
            #expect(
                try Data(contentsOf: directory.appending(path: "small.json")) == small.serializedModel)

            let few = try trim("few", "--size", "100")
            #expect(few.status == 78 && few.standardError.contains("100 pieces are too few"))
            let wrong = try trim("small.model", "--size", "300")
            #expect(wrong.status == 73 && wrong.standardError.contains("name a .json file or a directory"))
            for name in ["few", "small.model"] {
                #expect(!FileManager.default.fileExists(atPath: directory.appending(path: name).path))
            }
            // A directory of other things is left alone.
            let other = directory.appending(path: "other")
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: other.appending(path: "notes.txt"))
            #expect(try trim("other", "--size", "300").status != 0)
            #expect(FileManager.default.fileExists(atPath: other.appending(path: "notes.txt").path))
        }
    }

    @Test func manyLinesKeepTheirOrder() throws {
        let lines = (0..<60_000).map { "line \($0) of the lamp \($0 % 7)" }
        let text = lines.joined(separator: "\n") + "\n"
        let ids = try CommandRun.distill("tokenizer", "encode", Self.model, "--bos", input: text)
        #expect(ids.standardOutput.hasPrefix("1 "))
        let back = try CommandRun.distill(
            "tokenizer", "decode", Self.model, input: ids.standardOutput)
        #expect(back.standardOutput == text)
    }

    /// Faults found, line 14: a text's own U+2581 came back as a space, without a word.
    @Test func whatDoesNotComeBackIsSaid() throws {
        let ids = try CommandRun.distill(
            "tokenizer", "encode", Self.model, input: "a\u{2581}b\n\u{2581}\n\u{2580}\n")
        #expect(ids.status == 0)
        #expect(
            ids.standardError
                == "distill: note: the text has U+2581 (▁) 2 times, as which SentencePiece writes a space: "
                + "it comes back as a space\n")
        let back = try CommandRun.distill(
            "tokenizer", "decode", Self.model, input: ids.standardOutput)
        #expect(back.standardOutput == "a b\n \n\u{2580}\n")
        // The library's ids, and those of the text with a space.
        let plain = try CommandRun.distill(
            "tokenizer", "encode", Self.model, input: "a b\n \n\u{2580}\n")
        #expect(plain.standardOutput == ids.standardOutput && plain.standardError == "")
        try withTemporaryDirectory { directory in
            let text = (0..<300).map { "lamp \($0)\u{2581}of the hall \($0 % 9)" }.joined(separator: "\n\n")
            try Data(text.utf8).write(to: directory.appending(path: "a.txt"))
            let trained = try CommandRun.distill(
                "tokenizer", "train", "a.txt", "--output", "t.model", "--vocabulary-size", "300",
                in: directory)
            #expect(trained.status == 0)
            #expect(trained.standardError.contains("note: the text has U+2581 (▁) 300 times"))
            let shown = try CommandRun.distill("tokenizer", "inspect", "t.model", in: directory)
            #expect(shown.standardOutput.contains("identity, U+2581 (▁) becomes a space"))
        }
    }

    @Test func contentStaysText() throws {
        let run = try CommandRun.distill(
            "tokenizer", "encode", Self.model, "--content", "--eos", input: "<|end|>\n")
        let tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: Self.model))
        let ids = tokenizer.encodeContent("<|end|>") + [tokenizer.endID!]
        #expect(run.standardOutput == ids.map(String.init).joined(separator: " ") + "\n")
    }

    @Test func trainsAndInspects() throws {
        try withTemporaryDirectory { directory in
            let lines = (0..<300).map { "{\"text\": \"lamp \($0) of the hall \($0 % 9)\"}" }
            try Data(lines.joined(separator: "\n").utf8).write(to: directory.appending(path: "a.jsonl"))
            let trained = try CommandRun.distill(
                "tokenizer", "train", "a.jsonl", "--output", "t.model", "--vocabulary-size", "300", "--kind",
                "bpe",
                "--symbols", "<|user|>", "<|end|>", in: directory)
            #expect(trained.status == 0 && trained.standardError == "")
            #expect(trained.standardOutput == "t.model: bpe, 300 pieces\n")
            let inspected = try CommandRun.distill(
                "tokenizer", "inspect", "t.model", "--json", in: directory)
            let object =
                try JSONSerialization.jsonObject(with: Data(inspected.standardOutput.utf8)) as? NSDictionary
            #expect(object?["kind"] as? String == "bpe")
            #expect(object?["vocabulary_size"] as? Int == 300)
            #expect((object?["kinds"] as? [String: Int])?["user_defined"] == 2)
            let shown = try CommandRun.distill("tokenizer", "inspect", "t.model", in: directory)
            #expect(shown.standardOutput.contains("symbols         3 \"<|user|>\"  4 \"<|end|>\""))
        }
    }

    @Test(
        "A mistake ends in one message and an exit code",
        arguments: [
            (["encode", "none.model"], "", 66, "none.model: no such tokenizer"),
            (["encode", model], "a\n\u{1}\u{2}", 0, ""),
            (["decode", model], "1 2\n1 x\n", 65, "standard input:2: \"x\" is not a token id"),
            (["decode", model], "420000\n", 65, "standard input:1: \"420000\" is not a token id"),
            (["decode", model], "-1\n", 65, "\"-1\" is not a token id"),
            (["train", "none.jsonl", "--output", "t.model"], "", 66, "none.jsonl"),
            (["train", "none.jsonl", "--output", "t.model", "--kind", "word"], "", 64, "unigram"),
            (
                ["train", "none.jsonl", "--output", "t.model", "--maximum-records", "0"], "", 64,
                "--maximum-records"
            ),
        ])
    func mistakes(_ arguments: [String], _ input: String, _ status: Int32, _ message: String) throws {
        let run = try CommandRun.run(CommandRun.distill, arguments: ["tokenizer"] + arguments, input: input)
        #expect(run.status == status && !run.wasSignalled, "\(run.standardError)")
        #expect(message.isEmpty ? run.standardError.isEmpty : run.standardError.contains(message))
    }
}
