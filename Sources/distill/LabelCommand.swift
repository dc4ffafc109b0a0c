import ArgumentParser
import Checkpoints
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
            Labelling that was interrupted goes on where it stopped when it is started again.

            EXAMPLES
              distill label data/teacher --corpus corpus.jsonl --output signals
              distill label data/teacher --corpus corpus.jsonl --output signals --kind top_k --k 50 --temperature 2
              distill label data/teacher --corpus corpus.jsonl --output signals --hidden 3 6
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case sampled
        case topK = "top_k"
    }

    @Argument(help: "The teacher: a checkpoint directory or a GGUF file.")
    var model: String
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup var corpus: CorpusFlags
    @Option(help: "The directory of the signal cache.")
    var output: String
    @Option(
        help: "sampled is unbiased for forward KL; top_k keeps the likeliest tokens and the mass of the rest."
    )
    var kind = Kind.sampled
    @Option(help: "Likeliest tokens stored exactly, at most: those no less likely than 1/draws (sampled).")
    var head = SparseKind.Standard.head
    @Option(help: "Samples of a whole distribution; the other tokens get their share (sampled).")
    var draws = SparseKind.Standard.draws
    @Option(help: "Tokens kept (top_k).")
    var k = SparseKind.Standard.k
    @Option(help: "Divides the teacher's logits.")
    var temperature: Float = 1
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Layers, from 1, whose hidden states are stored too, for feature losses without the teacher.",
            valueName: "layer"))
    var hidden: [Int] = []
    @Option(help: "Decides the samples.")
    var seed = RandomStream.standardSeed
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a signal cache")
        try require(Loss.temperatureLimits.problem("--temperature", temperature))
        try require(SparseKind.Limits.k.problem("--k", k))
        try require(SparseKind.Limits.head.problem("--head", head))
        try require(SparseKind.Limits.draws.problem("--draws", draws))
        for layer in hidden { try require((1...512).problem("--hidden", layer)) }
    }

    func run() throws {
        try general.running(advice: "what is labelled so far is kept; the same command goes on after it") {
            let progress = general.progressLine()
            defer { progress.clear() }
            try LabelingJob(
                teacher: chatTemplate.applied(to: Checkpoint.load(URL(filePath: model))), name: model,
                kind: kind == .topK ? .topK(k: k) : .sampled(head: head, draws: draws),
                temperature: temperature,
                scope: corpus.scope ?? LossScope.standard.targets, context: corpus.context, hidden: hidden,
                seed: seed
            ).run(corpus.reader(), into: URL(filePath: output), progress: progress.handler)
        }
    }
}
