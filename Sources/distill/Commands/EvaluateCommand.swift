import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Recipes
import Support
import Transformer

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Evaluate models: perplexity, agreement with a teacher, tasks.",
        discussion: """
            EXAMPLES
              distill evaluate perplexity student --data held-out.txt
              distill evaluate agreement student --teacher data/teacher --data held-out.txt
              distill evaluate task student --data questions.jsonl
            """,
        subcommands: [PerplexityCommand.self, AgreementCommand.self, TaskCommand.self])
}

struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Perplexity on held-out text.",
        discussion: """
            Several models are compared with the first one by a paired test over the same windows.

            EXAMPLES
              distill evaluate perplexity data/teacher --data data/world/heldout-text.jsonl
              distill evaluate perplexity data/teacher student --data book.txt --loss-on all --convention llama.cpp --json
            """)

    @Argument(help: "The models: Hugging Face directories, GGUF files, or names on the hub.")
    var models: [String]
    @OptionGroup var corpus: CorpusFlags
    @Option(help: "Stride of the sliding window, in tokens (default: half the context).")
    var stride: Int?
    @Option(
        help: """
            hf: a sliding window over each document. llama.cpp: chunks of the concatenated text, of which all tokens of \
            the second half are scored, regardless of --loss-on.
            """)
    var convention = PerplexityConvention.hf
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @Flag(help: "Print the results as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        guard let stride else { return }
        guard stride > 0 else { throw ValidationError("--stride \(stride) is not positive") }
        if let context = corpus.givenContext, stride > context {
            throw ValidationError("--stride \(stride) exceeds --context \(context): tokens would be skipped")
        }
        guard convention == .hf else { throw ValidationError("--stride needs --convention hf") }
    }

    func run() throws {
        try general.running {
            let progress = general.progressLine()
            defer { progress.clear() }
            let reader = try corpus.reader(documents: .file)
            let evaluator = Evaluator(
                convention: convention, context: corpus.givenContext, stride: stride,
                scope: corpus.scope ?? Evaluator.standardScope)
            let lines = try models.map { path in
                ModelMetrics(
                    path: path,
                    metrics: try evaluator.perplexity(
                        of: chatTemplate.applied(to: exit.model(general.model(path))), on: reader,
                        progress: progress.handler
                    ))
            }
            progress.clear()
            let comparisons = PairedComparison.all(
                "nll", lines.map { ($0.path, $0.metrics.items) }, lowerIsBetter: true)
            if json { return try printJSON(Measured(models: lines, comparisons: comparisons)) }
            try printTable(
                ["model", "tokens", "nll", "perplexity", "±", "bits/byte"],
                lines.map {
                    let p = $0.metrics
                    return [
                        $0.path, "\(p.tokens)", decimal(p.nll), decimal(p.perplexity),
                        decimal(p.standardError),
                        p.bitsPerByte.map { decimal($0) } ?? "–",
                    ]
                })
            try printCounted(lines.map { ($0.path, $0.metrics.counted) })
            try printComparisons(comparisons, models: lines.map(\.path))
        }
    }
}

struct AgreementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "KL divergence and top-1 agreement of students with a teacher.",
        discussion: """
            ECE is the student's expected calibration error on the text: predictions are grouped into 15 bins of equal
            width by the probability of the most probable token, and the difference between mean probability and accuracy
            is averaged over the bins, weighted by their size.

            EXAMPLES
              distill evaluate agreement student --teacher data/teacher --data data/world/heldout-text.jsonl
            """)

    @Argument(help: "The students: Hugging Face directories, GGUF files, or names on the hub.")
    var students: [String]
    @Option(help: "The teacher: a Hugging Face directory, a GGUF file, or a name on the hub.")
    var teacher: String
    @OptionGroup var corpus: CorpusFlags
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @Flag(help: "Print the results as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func run() throws {
        try general.running {
            let reader = try corpus.reader(documents: .file)
            let progress = general.progressLine()
            defer { progress.clear() }
            let teacher = try Checkpoint.load(general.model(self.teacher))
            let evaluator = Evaluator(
                context: corpus.givenContext, scope: corpus.scope ?? Evaluator.standardScope)
            let lines = try students.map { path in
                ModelMetrics(
                    path: path,
                    metrics: try evaluator.agreement(
                        of: chatTemplate.applied(to: exit.model(general.model(path))), with: teacher,
                        on: reader,
                        progress: progress.handler))
            }
            progress.clear()
            let comparisons = PairedComparison.all(
                "mean_kl", lines.map { ($0.path, $0.metrics.items) }, lowerIsBetter: true)
            if json { return try printJSON(Measured(models: lines, comparisons: comparisons)) }
            try printTable(
                ["student", "tokens", "mean KL", "±", "p50", "p90", "p99", "same top-1", "RMS Δp", "ECE"],
                lines.map { line in
                    let a = line.metrics
                    return [
                        line.path, "\(a.tokens)", decimal(a.meanKL), decimal(a.standardError),
                        decimal(a.percentiles["p50"]!), decimal(a.percentiles["p90"]!),
                        decimal(a.percentiles["p99"]!),
                        decimal(100 * a.topAgreement, 1) + " %", decimal(a.probabilityDifference),
                        decimal(a.calibrationError),
                    ]
                })
            try printCounted(lines.map { ($0.path, $0.metrics.counted) })
            try printComparisons(comparisons, models: lines.map(\.path))
        }
    }
}

struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Accuracy of greedy chat answers, by exact match or by a regular expression.",
        discussion: """
            Each line of the data is {"messages": [… the question last …], "answers": ["…", …]} or {"prompt": "…", "answers": …}.
            The column "normalized" counts answers that match after SQuAD's normalization: lower case, without
            punctuation and the articles a, an and the.

            EXAMPLES
              distill evaluate task data/teacher student --data data/world/seen.jsonl --show-wrong 5
              distill evaluate task student --data data/world/seen.jsonl --format 'Ahoy! (.+) Fair winds!'
            """)

    @Argument(help: "The models: Hugging Face directories, GGUF files, or names on the hub.")
    var models: [String]
    @Option(name: .customLong("data"), help: "A JSONL file of questions and answers, - for standard input.")
    var data: String
    @Option(help: "Use only the first questions.")
    var limit: Int?
    @Option(name: .customLong("max-new-tokens"), help: "Maximum length of an answer, in tokens.")
    var maximumTokens = TaskAccuracy.standardMaximumTokens
    @Option(help: "A system turn before every question.")
    var system: String?
    @Option(
        help: ArgumentHelp(
            "The whole answer must match; a first capture group must match an accepted answer.",
            valueName: "regex"))
    var format: String?
    @Option(name: .customLong("show-wrong"), help: "Print this many wrong answers per model.")
    var shown = 0
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @Flag(help: "Print the results as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    private struct TaskMetrics: Encodable {
        let questions, correct, normalizedCorrect: Int
        let accuracy, standardError, normalizedAccuracy, repetition, length: Double

        init(_ result: TaskAccuracy) {
            (questions, correct) = (result.questions, result.correct)
            (normalizedCorrect, normalizedAccuracy) = (result.normalizedCorrect, result.normalizedAccuracy)
            (accuracy, standardError) = (result.accuracy, result.standardError)
            (repetition, length) = (result.repetition, result.length)
        }
    }

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit \(limit ?? 0) is not positive") }
        guard shown >= 0 else { throw ValidationError("--show-wrong \(shown) is negative") }
        try require(SamplingOptions.Limits.maxNewTokens.problem("--max-new-tokens", maximumTokens))
    }

    func run() throws {
        try general.running {
            let questions = try TaskQuestion.read(StandardStreams.file(data), limit: limit)
            let rule = try format.map { try AnswerRule(format: $0) } ?? .exact
            var items: [(name: String, items: ItemSums)] = []
            let lines = try models.map { path in
                var left = json ? 0 : shown
                let result = try TaskAccuracy.measure(
                    chatTemplate.applied(to: exit.model(general.model(path))), questions: questions,
                    system: system,
                    rule: rule,
                    maximumTokens: maximumTokens
                ) { answer in
                    guard !answer.isCorrect, left > 0 else { return }
                    left -= 1
                    try Console.print(
                        "\(path): \(answer.question)\n  said:     \(answer.given)\n  accepted: \(answer.accepted[0])"
                    )
                }
                items.append((path, result.items))
                return ModelMetrics(path: path, metrics: TaskMetrics(result))
            }
            let comparisons = PairedComparison.all("accuracy", items, lowerIsBetter: false)
            if json { return try printJSON(Measured(models: lines, comparisons: comparisons)) }
            try printTable(
                ["model", "questions", "correct", "accuracy", "±", "normalized", "repetition", "length"],
                lines.map {
                    let f = $0.metrics
                    return [
                        $0.path, "\(f.questions)", "\(f.correct)", decimal(100 * f.accuracy, 1) + " %",
                        decimal(100 * f.standardError, 1) + " %",
                        decimal(100 * f.normalizedAccuracy, 1) + " %",
                        decimal(100 * f.repetition, 1) + " %",
                        decimal(f.length, 1),
                    ]
                })
            try printComparisons(comparisons, models: models)
        }
    }
}
