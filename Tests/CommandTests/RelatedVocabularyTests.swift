import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

/// Teacher and student of one family, whose vocabularies differ in added tokens, as those of Qwen 2.5 and 3 do.
@Suite struct RelatedVocabularyTests {
    private func withModels(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            func save(_ name: String, _ added: [String], seed: UInt64) throws {
                let tokenizer = try smallBytePair(added: ["<|end|>", "<|im_start|>", "<|im_end|>"] + added)
                let decoder = try DecoderModel(
                    configuration: Configuration(
                        vocabularySize: tokenizer.vocabularySize, width: 32, layers: 1, heads: 2,
                        feedForward: 32, contextLength: 64), seed: seed)
                try Checkpoint.save(
                    decoder: decoder, tokenizer: tokenizer, template: .chatML,
                    to: directory.appending(path: name))
            }
            try save("teacher", ["<image>"], seed: 1)
            try save("student", ["<think>", "<more>"], seed: 2)
            let chats = ["the other one", "on the other", "one then"].map {
                #"{"messages":[{"role":"user","content":"\#($0)"},{"role":"assistant","content":"then \#($0)"}]}"#
            }
            try Data(chats.joined(separator: "\n").utf8).write(to: directory.appending(path: "chats.jsonl"))
            try body(directory)
        }
    }

    /// Writes a recipe that labels, and trains one student from the cache and one beside the teacher.
    ///
    /// - Parameters:
    ///   - label: further keys of the stage that labels
    ///   - losses: of the student that is trained beside the teacher
    ///   - last: further stages
    private func write(label: String = "", losses: String, last: String = "", in directory: URL) throws {
        let train = """
              - train:
                  model: {from: ./student}
                  tokenizer: ./student
                  corpus: chats.jsonl
                  batch: {sequences: 2, context: 64}
                  steps: 4
            """
        let recipe = """
            name: related
            seed: 3
            teacher: ./teacher
            stages:
              - label: {corpus: chats.jsonl, \(label)signal: {kind: top_k, k: 4}, context: 64}
            \(train)
                  signals: signals
                  losses: [{kind: forward_kl}]
                  to: cached
            \(train)
                  teacher: ./teacher
                  losses: \(losses)
                  to: online
            \(last)
            """
        try Data(recipe.utf8).write(to: directory.appending(path: "related.yaml"))
    }

    /// Online, from a cache that was labelled over the student's pieces, and measured.
    @Test func aTeacherOfTheFamilyTeaches() throws {
        try withModels { directory in
            try write(
                label: "tokenizer: ./student, ", losses: "[{kind: forward_kl}, {kind: reverse_kl}]",
                last:
                    "  - evaluate: {models: [cached, online], teacher: ./teacher, agreement: chats.jsonl, context: 64}",
                in: directory)
            let run = try CommandRun.distill("run", "related.yaml", "--json", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let student = try Checkpoint.load(
                directory.appending(path: "runs/related/online"))
            #expect(student.decoder.configuration.vocabularySize == 266)
            #expect(run.standardOutput.contains("\"kl\""))
            // The command labels over the student's pieces too.
            let labelled = try CommandRun.distill(
                "label", "teacher", "--tokenizer", "student", "--corpus", "chats.jsonl", "--context", "64",
                "--output", "labels", in: directory)
            #expect(labelled.status == 0, "\(labelled.standardError)")
        }
    }

    /// Found before anything runs: a cache of the teacher's own pieces, and a loss of logits.
    @Test func whatCannotBeComparedIsFoundAtValidation() throws {
        try withModels { directory in
            try write(losses: "[{kind: logit_mse}]", in: directory)
            let run = try CommandRun.distill("validate", "related.yaml", in: directory)
            #expect(run.status == 78)
            #expect(run.standardError.contains("set tokenizer: ./student in the stage that labels"))
            #expect(
                run.standardError.contains(
                    "compares logits, and ./teacher has none for 2 of the student's pieces"))
        }
    }

    /// A piece that the teacher does not have is refused where a text has it.
    @Test func aTextWithAMissingPieceIsRefused() throws {
        try withModels { directory in
            let chat =
                #"{"messages":[{"role":"user","content":"on"},{"role":"assistant","content":"<think>then"}]}"#
            try Data(chat.utf8).write(to: directory.appending(path: "chats.jsonl"))
            for arguments in [
                [
                    "label", "teacher", "--tokenizer", "student", "--corpus", "chats.jsonl", "--output",
                    "labels",
                ],
                ["evaluate", "agreement", "student", "--teacher", "teacher", "--data", "chats.jsonl"],
            ] {
                let run = try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
                #expect(run.status == 78, "\(arguments) \(run.standardError)")
                #expect(
                    run.standardError.contains("does not have the piece \"<think>\""), "\(run.standardError)")
            }
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "labels").path))
        }
    }
}
