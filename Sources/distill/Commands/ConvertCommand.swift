import ArgumentParser
import Checkpoints
import Foundation
import Support
import Tensors

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a model to a GGUF file or a Hugging Face directory.",
        discussion: """
            An output whose name ends in .gguf is written as a GGUF file, any other as a Hugging Face directory. Matrices \
            whose rows are not a whole number of blocks of a quantized type are written as Q8_0 or F16, vectors as F32.

            EXAMPLES
              distill convert runs/quickstart/student student.gguf --type q8_0
              distill convert gemma-3-270m-q4_k_m.gguf gemma --type bf16
              distill convert runs/exits/student shallow.gguf --exit 2
            """)

    @Argument(
        help: ArgumentHelp(
            "The model: a Hugging Face directory, a GGUF file, or a name on the hub.", valueName: "model"))
    var input: String
    @Argument(help: "The GGUF file or directory to write.")
    var output: String
    @Option(help: "Storage type of the weights.")
    var type = ExportType.standard
    @OptionGroup var exit: ExitFlag
    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    /// What `convert --json` prints.
    private struct Summary: Encodable {
        let path: String
        let type: String
        /// Of the weight files.
        let weightBytes: Int
    }

    func validate() throws {
        try StandardStreams.refuse(output, for: "a model")
        guard output.hasSuffix(".gguf") || type.dtype.valuesPerBlock == 1 else {
            throw ValidationError(
                "--type \(type.rawValue) is for GGUF files; a directory takes f32, f16 or bf16")
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
            let model = try exit.model(general.model(input))
            if model.unusedRows > 0 {
                Failure.report(
                    "note: \(model.unusedRows) padding rows of the embedding table belong to no piece and are omitted"
                )
            }
            if output.hasSuffix(".gguf") {
                let unnamed = model.tokens.ends.dropFirst(3).map(String.init).joined(separator: ", ")
                if !unnamed.isEmpty {
                    Failure.report(
                        "note: a GGUF file holds three stop ids; \(unnamed) omitted")
                }
                // No program can use a GGUF file without a vocabulary.
                try Checkpoint.export(
                    decoder: model.decoder, tokenizer: model.requireTokenizer(), template: model.template,
                    tokens: model.tokens, to: url, as: type.dtype)
            } else {
                if model.tokenizer == nil {
                    Failure.report("note: \(input) has no tokenizer, so none is written")
                }
                try Checkpoint.save(
                    decoder: model.decoder, tokenizer: model.tokenizer, template: model.template,
                    tokens: model.tokens, to: url, as: type.dtype)
            }
            let bytes = try Checkpoint.weightBytes(at: url)
            if json {
                return try printJSON(Summary(path: output, type: type.rawValue, weightBytes: bytes))
            }
            try Console.print("\(output): \(bytes) bytes of weights")
        }
    }
}

extension ExportType: ExpressibleByArgument {}
