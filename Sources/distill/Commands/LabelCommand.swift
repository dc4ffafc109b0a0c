import ArgumentParser
import Checkpoints
import Corpora
import Foundation
import Recipes
import Signals
import Support
import Tensors
import Training

struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Store a teacher's token distributions over a corpus.",
        discussion: """
            The distributions go to a signal cache, from which a student is trained without the teacher. After an \
            interruption the same command resumes where it stopped.

            EXAMPLES
              distill label data/teacher --corpus corpus.jsonl --output signals
              distill label data/teacher --corpus corpus.jsonl --output signals --kind top_k --k 50 --temperature 2
              distill label data/teacher --corpus corpus.jsonl --output signals --hidden 3 6
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case sampled
        case topK = "top_k"
    }

    @Argument(help: "The teacher: a Hugging Face directory, a GGUF file, or a name on the hub.")
    var model: String
    @Option(
        help: ArgumentHelp(
            "A student or tokenizer of the teacher's family whose added tokens differ: the corpus is divided as it does.",
            valueName: "model"))
    var tokenizer: String?
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup var corpus: CorpusFlags
    @Option(name: .shortAndLong, help: "The directory of the signal cache.")
    var output: String
    @Option(
        help:
            "sampled: an unbiased estimate of forward KL; top_k: the most probable tokens and the mass of the rest."
    )
    var kind = Kind.sampled
    @Option(
        help:
            "Maximum number of most probable tokens stored exactly, those of probability at least 1/draws (sampled)."
    )
    var head = SparseKind.Standard.head
    @Option(help: "Samples drawn for a whole distribution; the tail gets its fraction of them (sampled).")
    var draws = SparseKind.Standard.draws
    @Option(help: "Number of most probable tokens stored (top_k).")
    var k = SparseKind.Standard.k
    @Option(help: "Temperature: divides the teacher's logits.")
    var temperature: Float = 1
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Layers, counted from 1, whose hidden states are stored as well, for feature losses without the teacher.",
            valueName: "layer"))
    var hidden: [Int] = []
    @Option(help: "The random seed of the samples.")
    var seed = RandomStream.standardSeed
    @Flag(help: "Print the cache's description as JSON, as `distill inspect --json` does.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a signal cache")
        try require(Loss.temperatureLimits.problem("--temperature", temperature))
        try require(SparseKind.Limits.k.problem("--k", k))
        try require(SparseKind.Limits.head.problem("--head", head))
        try require(SparseKind.Limits.draws.problem("--draws", draws))
        for layer in hidden { try require((1...512).problem("--hidden", layer)) }
    }

    private func teacher() throws -> Checkpoint {
        let teacher = try Checkpoint.load(general.model(model))
        guard let tokenizer else { return teacher }
        let (vocabulary, template) = try Checkpoint.tokenizerAndTemplate(at: general.model(tokenizer))
        let matching = try teacher.matching(vocabulary, of: tokenizer)
        return template.map(matching.writing) ?? matching
    }

    func run() throws {
        try general.running(advice: "the positions labelled so far are kept; run the same command to resume")
        {
            let progress = general.progressLine()
            defer { progress.clear() }
            let manifest = try LabelingJob(
                teacher: chatTemplate.applied(to: teacher()), name: model,
                kind: kind == .topK ? .topK(k: k) : .sampled(head: head, draws: draws),
                temperature: temperature,
                scope: corpus.scope ?? TargetScope.standard, context: corpus.context, hidden: hidden,
                seed: seed
            ).run(corpus.reader(), into: URL(filePath: output), progress: progress.handler)
            progress.clear()
            if json {
                try printJSON(
                    ModelMetrics(path: output, metrics: CacheInspection(manifest, verification: nil)))
            }
        }
    }
}
