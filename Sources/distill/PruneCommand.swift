import ArgumentParser
import Checkpoints
import Foundation
import Pruning
import Support
import Tokenization

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut",
        abstract: "Keep some parts of a model: a smaller one, to be trained.",
        discussion: """
            Layers are kept by how much they change the hidden states, neurons, heads and channels by their activation \
            on the corpus. A trimmed vocabulary divides the corpus into the same pieces as the whole one. Output is a \
            Hugging Face directory, with --type stored and quantised weights a GGUF file.

            EXAMPLES
              distill cut data/teacher student --layers 3 --corpus data/world/stories.jsonl
              distill cut gemma-3-270m-q4_k_m.gguf student --layers 1,2,3,6,12,18 --trim-to 16384 \\
                --corpus data/world --symbols '<|user|>=<h3>' '<|assistant|>=<p>'
              distill cut big.gguf teacher.gguf --trim-to 16384 --corpus text.jsonl --type stored
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16, f16, stored
    }

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var input: String
    @Argument(help: "What to write.")
    var output: String
    @Option(help: "Blocks to keep: a number, or a list from 1 such as 1,4,9.")
    var layers: String?
    @Option(help: "Neurons to keep in each block.")
    var feedForward: Int?
    @Option(help: "Query heads to keep in each block.")
    var heads: Int?
    @Option(help: "Channels of the hidden states to keep.")
    var width: Int?
    @Option(help: "Pieces of the vocabulary to keep.")
    var trimTo: Int?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Symbols, each in the place of a piece.", valueName: "symbol=piece"))
    var symbols: [String] = []
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Text: .jsonl or .txt files, or directories of them.", valueName: "file"))
    var corpus: [String] = []
    @Option(help: "How weights are written; stored leaves them as they are.")
    var type = Kind.f32
    @Flag(help: "Print what was done as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a model")
        let cut = try cut()
        guard cut != PruningPlan() else {
            throw ValidationError("give --layers, --feed-forward, --heads, --width or --trim-to")
        }
        for (name, number) in [
            ("--feed-forward", feedForward), ("--heads", heads), ("--width", width), ("--trim-to", trimTo),
        ] {
            if let number { try require(VocabularyTrim.sizeLimits.problem(name, number)) }
        }
        if corpus.isEmpty, cut.measuresImportance || cut.vocabulary != nil {
            throw ValidationError("what is kept is decided on text: give --corpus")
        }
        if type == .stored, !cut.keepsRows {
            throw ValidationError("--type stored keeps rows whole: it goes with --layers and --trim-to alone")
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
            let whole = try Checkpoint.load(URL(filePath: input), weights: .stored)
            let progress = general.progressLine()
            let (student, report) = try cut().apply(to: whole, records: records, progress: progress.handler)
            progress.clear()
            switch type {
            case .stored: try student.saveAsStored(to: url)
            case .f32: try student.save(to: url, as: .f32)
            case .bf16: try student.save(to: url, as: .bf16)
            case .f16: try student.save(to: url, as: .f16)
            }
            if json {
                try printJSON(ModelFigures(path: output, figures: report))
            } else {
                try Console.print("\(output): \(report.summary)")
            }
        }
    }

    private func cut() throws -> PruningPlan {
        guard symbols.isEmpty || trimTo != nil else {
            throw ValidationError("--symbols belong to a trimmed vocabulary: give --trim-to")
        }
        return PruningPlan(
            layers: try layers.map(Self.layers), feedForward: feedForward, heads: heads, width: width,
            vocabulary: try trimTo.map {
                .init(size: $0, symbols: try symbols.map(VocabularyTrim.Symbol.init))
            })
    }

    private static func layers(_ text: String) throws -> PruningPlan.Layers {
        let numbers = text.split(separator: ",").map { Int($0) ?? 0 }
        guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }),
            zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw ValidationError(
                "--layers \(text) is no number of layers and no list of layers that rises from 1")
        }
        return text.contains(",") ? .chosen(numbers) : .count(numbers[0])
    }
}

extension VocabularyTrim.Symbol {
    /// Reads `symbol=piece`; `\\n` stands for a line's end.
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
