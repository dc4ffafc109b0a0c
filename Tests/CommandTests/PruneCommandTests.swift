import Checkpoints
import Foundation
import Recipes
import TestSupport
import Testing
import Tokenization
import Transformer

@Suite struct PruneCommandTests {
    @Test func cutsAModelAndSaysWhatItDid() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            // Few words, which few pieces are made for.
            let text = directory.appending(path: "text.txt")
            try Data("the red lamp is the key".utf8).write(to: text)
            let run = try CommandRun.distill(
                "prune", "teacher", "student", "--layers", "1", "--feed-forward", "100", "--heads", "1",
                "--trim-to",
                "315", "--symbols", "<|tool|>=v", "--corpus", "text.txt", "--json", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            struct Report: Decodable {
                struct Vocabulary: Decodable {
                    struct Usage: Decodable { let changedTokens, tokens: Int }
                    let pieces: Int
                    let lostMass: Double
                    let usage: Usage
                }
                let path: String
                let layers: [Int]
                let blockInfluence: [Double]
                let parameters, remainingParameters: Int
                let vocabulary: Vocabulary
            }
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let report = try decoder.decode(Report.self, from: Data(run.standardOutput.utf8))
            #expect(report.path == "student" && report.blockInfluence.count == 2)
            let strongest = report.blockInfluence[0] > report.blockInfluence[1] ? 1 : 2
            #expect(report.layers == [strongest])
            #expect(report.vocabulary.pieces == 315 && report.vocabulary.usage.changedTokens == 0)
            #expect(report.vocabulary.usage.tokens >= 6)
            #expect((0..<1).contains(report.vocabulary.lostMass))
            let (whole, student) = (
                try Checkpoint.load(tiny.teacher), try Checkpoint.load(directory.appending(path: "student"))
            )
            let shape = student.decoder.configuration
            #expect(shape.layers == 1 && shape.heads == 1 && shape.feedForward == 100)
            #expect(report.remainingParameters == shape.parameterCount)
            #expect(report.parameters == whole.decoder.configuration.parameterCount)
            let (small, large) = (try student.requireTokenizer(), try whole.requireTokenizer())
            #expect(small.id(of: "<|tool|>") != nil && small.id(of: "v") == nil && large.id(of: "v") != nil)
            // The student speaks.
            let chat = try CommandRun.distill(
                "chat", "student", "--prompt", "where", "--max-new-tokens", "3", in: directory)
            #expect(chat.status == 0, "\(chat.standardError)")
        }
    }

    @Test func reconstructionFitsTheOutputProjectionsAgain() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            func weights(_ name: String, _ flags: String...) throws -> [String: [Float]] {
                let run = try CommandRun.run(
                    CommandRun.distill,
                    arguments: ["prune", "teacher", name, "--layers", "1", "--corpus", "prompts.jsonl"]
                        + flags,
                    in: directory)
                #expect(run.status == 0, "\(run.standardError)")
                let decoder = try Checkpoint.load(directory.appending(path: name)).decoder
                return Dictionary(
                    uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor.values) })
            }
            let (plain, fitted) = (try weights("plain"), try weights("fitted", "--reconstruct"))
            let changed = plain.keys.filter { plain[$0] != fitted[$0] }
            #expect(
                Set(changed) == ["blocks.0.attention.output.weight", "blocks.0.feedForward.down.weight"])
            let nothing = try CommandRun.distill(
                "prune", "teacher", "trimmed", "--trim-to", "315", "--corpus", "prompts.jsonl",
                "--reconstruct", in: directory)
            #expect(nothing.status == 64 && nothing.standardError.contains("--reconstruct needs --layers"))
        }
    }

    @Test func refusesWhatTheModelDoesNotHave() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            func run(_ arguments: String...) throws -> CommandRun {
                try CommandRun.run(
                    CommandRun.distill, arguments: ["prune", "teacher", "student"] + arguments, in: directory)
            }
            let layers = try run("--layers", "3", "--corpus", "prompts.jsonl")
            #expect(layers.status == 78)
            #expect(layers.standardError.contains("layers 3 does not fit a model with 2"))
            let pieces = try run("--trim-to", "100", "--corpus", "prompts.jsonl")
            #expect(pieces.status == 78)
            #expect(pieces.standardError.contains("100 pieces are too few"), "\(pieces.standardError)")
            let missing = try run("--layers", "1", "--corpus", "none.jsonl")
            #expect(missing.status == 66, "\(missing.standardError)")
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "student").path))
            let exists = try CommandRun.distill(
                "prune", "teacher", "teacher", "--layers", "1,2", in: directory)
            #expect(exists.status == 73)
        }
    }

    /// The recipe's `teacher` shares the student's pieces in every stage.
    @Test func aRecipeCutsItsStudent() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let text = """
                name: cutting
                teacher: ./teacher
                student:
                  from: teacher
                  layers: 1
                  feed_forward: 96
                  vocabulary: {trim_to: 315, corpus: prompts.jsonl}
                stages:
                  - generate: {prompts: prompts.jsonl, limit: 20, max_new_tokens: 20, to: corpus}
                  - label: {corpus: corpus, signal: {kind: top_k, k: 16}, context: 64, to: signals}
                  - train:
                      corpus: corpus
                      signals: signals
                      losses: [{kind: forward_kl}]
                      batch: {sequences: 4, context: 64}
                      steps: 5
                      to: student
                  - train: {corpus: corpus, teacher: teacher, losses: [{kind: reverse_kl}], steps: 2, to: online}
                  - evaluate:
                      models: [teacher, initial-student, student, online]
                      agreement: corpus
                  - report: {}
                """
            let recipe = directory.appending(path: "cutting.yaml")
            try Data(text.utf8).write(to: recipe)
            let run = try CommandRun.distill("run", "cutting.yaml", in: directory, timeout: 120)
            #expect(run.status == 0, "\(run.standardError)")
            let runs = directory.appending(path: "runs/cutting")
            let teacher = try Checkpoint.load(runs.appending(path: "restricted-teacher"))
            let student = try Checkpoint.load(runs.appending(path: "student"))
            #expect(teacher.decoder.configuration.vocabularySize == 315)
            #expect(teacher.decoder.configuration.layers == 2)
            let shape = student.decoder.configuration
            #expect(shape.layers == 1 && shape.feedForward == 96 && shape.vocabularySize == 315)
            #expect(student.tokenizer?.serializedModel == teacher.tokenizer?.serializedModel)
            #expect(
                teacher.tokenizer?.serializedModel
                    != (try Checkpoint.load(tiny.teacher)).tokenizer?.serializedModel)
            // Run again, all is found finished.
            let again = try CommandRun.distill("run", "cutting.yaml", in: directory, timeout: 120)
            #expect(again.status == 0 && again.standardError.contains("reused"), "\(again.standardError)")
        }
    }
}
