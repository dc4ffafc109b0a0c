import ArgumentParser
import Checkpoints
import Corpora
import Evaluation
import Foundation
import Recipes
import Support

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure models: perplexity, agreement with a teacher, tasks.",
        subcommands: [PerplexityCommand.self, AgreementCommand.self, TaskCommand.self])
}

struct PerplexityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Perplexity on held-out text.",
        discussion: """
            EXAMPLES
              distill evaluate perplexity data/teacher --data data/world/heldout-text.jsonl
              distill evaluate perplexity data/teacher student --data book.txt --loss-on all --convention llama.cpp --json
            """)

    @Argument(help: "Checkpoint directories.")
    var models: [String]
    @OptionGroup var corpus: CorpusFlags
    @Option(help: "Tokens between the starts of two windows (default: half the context).")
    var stride: Int?
    @Option(
        help:
            "hf: a sliding window over each document; llama.cpp: chunks of one stream, second halves scored.")
    var convention = PerplexityConvention.hf
    @Flag(help: "Print JSON.")
    var json = false

    private struct Line: Encodable {
        let path: String
        let tokens: Int
        let nll, perplexity, standardError: Double
        let bitsPerByte: Double?
    }

    func validate() throws {
        guard stride ?? 1 > 0 else { throw ValidationError("--stride \(stride ?? 0) is not positive") }
        guard stride ?? 1 <= corpus.context else { throw ValidationError("--stride exceeds --context") }
    }

    func run() async throws {
        try Failure.reporting {
            let records = try corpus.records()
            let evaluator = Evaluator(
                convention: convention, context: corpus.context, stride: stride, scope: corpus.scope)
            let lines = try models.map { path in
                let result = try evaluator.perplexity(of: Checkpoint.load(URL(filePath: path)), on: records)
                return Line(
                    path: path, tokens: result.tokens, nll: result.nll, perplexity: result.perplexity,
                    standardError: result.standardError, bitsPerByte: result.bitsPerByte)
            }
            if json { return try printJSON(["models": lines]) }
            printTable(
                ["model", "tokens", "nll", "perplexity", "±", "bits/byte"],
                lines.map {
                    [
                        $0.path, "\($0.tokens)", decimal($0.nll), decimal($0.perplexity),
                        decimal($0.standardError),
                        $0.bitsPerByte.map { decimal($0) } ?? "–",
                    ]
                })
        }
    }
}

struct AgreementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "How close students' distributions are to a teacher's.",
        discussion: """
            EXAMPLES
              distill evaluate agreement student --teacher data/teacher --data data/world/heldout-text.jsonl
            """)

    @Argument(help: "Checkpoint directories of students.")
    var students: [String]
    @Option(help: "The teacher's checkpoint directory.")
    var teacher: String
    @OptionGroup var corpus: CorpusFlags
    @Flag(help: "Print JSON.")
    var json = false

    private struct Line: Encodable {
        let path: String
        let agreement: Agreement
    }

    func run() async throws {
        try Failure.reporting {
            let records = try corpus.records()
            let teacher = try Checkpoint.load(URL(filePath: self.teacher))
            let evaluator = Evaluator(context: corpus.context, scope: corpus.scope)
            let lines = try students.map { path in
                Line(
                    path: path,
                    agreement: try evaluator.agreement(
                        of: Checkpoint.load(URL(filePath: path)), with: teacher, on: records))
            }
            if json { return try printJSON(["models": lines]) }
            printTable(
                ["student", "tokens", "mean KL", "±", "p50", "p90", "p99", "same top-1", "RMS Δp"],
                lines.map { line in
                    let a = line.agreement
                    return [
                        line.path, "\(a.tokens)", decimal(a.meanKL), decimal(a.standardError),
                        decimal(a.percentiles["p50"]!), decimal(a.percentiles["p90"]!),
                        decimal(a.percentiles["p99"]!),
                        decimal(100 * a.topAgreement, 1) + " %", decimal(a.probabilityDifference),
                    ]
                })
        }
    }
}

struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Exact match of greedy chat answers.",
        discussion: """
            A line of the data is {"messages": [… the question last …], "answers": ["…", …]}.

            EXAMPLES
              distill evaluate task data/teacher student --data data/world/seen.jsonl --show-wrong 5
            """)

    @Argument(help: "Checkpoint directories.")
    var models: [String]
    @Option(name: .customLong("data"), help: "A JSONL file of questions.")
    var data: String
    @Option(help: "Use only the first questions.")
    var limit: Int?
    @Option(name: .customLong("max-new-tokens"), help: "Longest answer, in tokens.")
    var maximumTokens = 96
    @Option(name: .customLong("show-wrong"), help: "Print this many wrong answers of each model.")
    var shown = 0
    @Flag(help: "Print JSON.")
    var json = false

    private struct Line: Encodable {
        let path: String
        let questions, correct: Int
        let accuracy, standardError: Double
    }

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit \(limit ?? 0) is not positive") }
        guard maximumTokens > 0 else {
            throw ValidationError("--max-new-tokens \(maximumTokens) is not positive")
        }
    }

    func run() async throws {
        try Failure.reporting {
            let questions = try TaskQuestion.read(URL(filePath: data), limit: limit)
            let lines = try models.map { path in
                var left = json ? 0 : shown
                let result = try TaskAccuracy.measure(
                    Checkpoint.load(URL(filePath: path)), questions: questions, maximumTokens: maximumTokens
                ) { answer in
                    guard !answer.isCorrect, left > 0 else { return }
                    left -= 1
                    print(
                        "\(path): \(answer.question)\n  said:     \(answer.given)\n  accepted: \(answer.accepted[0])"
                    )
                }
                return Line(
                    path: path, questions: result.questions, correct: result.correct,
                    accuracy: result.accuracy,
                    standardError: result.standardError)
            }
            if json { return try printJSON(["models": lines]) }
            printTable(
                ["model", "questions", "correct", "accuracy", "±"],
                lines.map {
                    [
                        $0.path, "\($0.questions)", "\($0.correct)", decimal(100 * $0.accuracy, 1) + " %",
                        decimal(100 * $0.standardError, 1) + " %",
                    ]
                })
        }
    }
}
