import ArgumentParser
import Checkpoints
import Foundation
import Pruning
import Support
import Tokenization

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Prune a model to a smaller one, which is then to be trained.",
        discussion: """
            Layers are ranked by block influence (how much they change the hidden states), neurons, attention heads and \
            channels by their activations on a calibration sample of the corpus. A trimmed vocabulary encodes the corpus \
            to the same pieces as the full one. With --reconstruct, the layers' output projections are refitted to the \
            model's hidden states by least squares. The output is a Hugging Face directory, or a GGUF file for quantized \
            weights with --type stored.

            EXAMPLES
              distill prune data/teacher student --layers 3 --corpus data/world/stories.jsonl
              distill prune model student --layers 12 --feed-forward 1024 --reconstruct --corpus chats.jsonl
              distill prune gemma-3-270m-q4_k_m.gguf student --layers 1,2,3,6,12,18 --trim-to 16384 \\
                --corpus data/world --symbols '<|user|>=<h3>' '<|assistant|>=<p>'
              distill prune big.gguf teacher.gguf --trim-to 16384 --corpus text.jsonl --type stored
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16, f16, stored
    }

    @Argument(
        help: ArgumentHelp(
            "The model: a Hugging Face directory, a GGUF file, or a name on the hub.", valueName: "model"))
    var input: String
    @Argument(help: "The directory or GGUF file to write.")
    var output: String
    @Option(help: "Layers to keep: a number, or a list of layers counted from 1, such as 1,4,9.")
    var layers: String?
    @Option(help: "Feed-forward neurons to keep in each layer.")
    var feedForward: Int?
    @Option(help: "Query heads to keep in each layer.")
    var heads: Int?
    @Option(help: "Channels of the hidden states (width) to keep.")
    var width: Int?
    @Flag(help: "Refit output projections by least squares to the hidden states of the whole model.")
    var reconstruct = false
    @Option(help: "Vocabulary pieces to keep.")
    var trimTo: Int?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("User-defined symbols, each replacing a piece.", valueName: "symbol=piece"))
    var symbols: [String] = []
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Calibration and vocabulary text: .jsonl or .txt files, or directories of them.",
            valueName: "file"))
    var corpus: [String] = []
    @Option(help: "Storage type of the weights; stored keeps them as they are.")
    var type = Kind.f32
    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a model")
        let plan = try plan()
        guard !plan.removesNothing else {
            throw ValidationError("give --layers, --feed-forward, --heads, --width or --trim-to")
        }
        if reconstruct, plan.keepsLayersWhole {
            throw ValidationError("--reconstruct needs --layers, --feed-forward, --heads or --width")
        }
        for (name, number) in [
            ("--feed-forward", feedForward), ("--heads", heads), ("--width", width), ("--trim-to", trimTo),
        ] {
            if let number { try require(VocabularyTrim.sizeLimits.problem(name, number)) }
        }
        if corpus.isEmpty, plan.useOfText != nil || plan.vocabulary != nil {
            let use = plan.useOfText ?? "the pieces kept are those of a text"
            throw ValidationError("\(use): give --corpus")
        }
        if type == .stored, !plan.keepsRows {
            throw ValidationError(
                "--type stored keeps rows as they are: use it with --layers and --trim-to only")
        }
    }

    func run() throws {
        try general.running(advice: "nothing was written") {
            let url = URL(filePath: output)
            guard !FileManager.default.fileExists(atPath: url.path) else {
                throw UserError(
                    "exists already", file: output, hint: "name another, or delete it",
                    status: .cannotCreate)
            }
            let records = corpus.isEmpty ? [] : try CorpusNotes.reader(corpus).records()
            let whole = try Checkpoint.load(general.model(input), weights: .stored)
            let progress = general.progressLine()
            let (student, report) = try plan().apply(to: whole, records: records, progress: progress.handler)
            progress.clear()
            switch type {
            case .stored: try student.saveAsStored(to: url)
            case .f32: try student.save(to: url, as: .f32)
            case .bf16: try student.save(to: url, as: .bf16)
            case .f16: try student.save(to: url, as: .f16)
            }
            if json {
                try printJSON(ModelMetrics(path: output, metrics: report))
            } else {
                try Console.print("\(output): \(report.summary)")
            }
        }
    }

    private func plan() throws -> PruningPlan {
        guard symbols.isEmpty || trimTo != nil else {
            throw ValidationError("--symbols needs a trimmed vocabulary: give --trim-to")
        }
        return PruningPlan(
            layers: try layers.map(Self.layers), feedForward: feedForward, heads: heads, width: width,
            vocabulary: try trimTo.map {
                .init(size: $0, symbols: try symbols.map(VocabularyTrim.Symbol.init))
            }, reconstructs: reconstruct)
    }

    private static func layers(_ text: String) throws -> PruningPlan.Layers {
        let numbers = text.split(separator: ",").map { Int($0) ?? 0 }
        guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }),
            zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw ValidationError(
                "--layers \(text) is neither a number of layers nor an increasing list of layers counted from 1"
            )
        }
        return text.contains(",") ? .chosen(numbers) : .count(numbers[0])
    }
}

extension VocabularyTrim.Symbol {
    /// Parses `symbol=piece`; `\n` in the piece is a newline.
    init(_ argument: String) throws {
        guard let sign = argument.lastIndex(of: "="), sign != argument.startIndex,
            argument.index(after: sign) != argument.endIndex
        else {
            throw ValidationError("\(argument.debugDescription) is not of the form symbol=piece")
        }
        let replaced = String(argument[argument.index(after: sign)...])
        self.init(String(argument[..<sign]), replacing: replaced.replacing("\\n", with: "\n"))
    }
}
