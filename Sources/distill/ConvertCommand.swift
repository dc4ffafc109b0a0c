import ArgumentParser
import Checkpoints
import Foundation
import Support
import Tensors

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model in another format: a GGUF file or a Hugging Face directory.",
        discussion: """
            A name that ends in .gguf becomes a GGUF file, any other a Hugging Face directory. Matrices whose rows are \
            no whole blocks of a quantised type are written as Q8_0 or F16, vectors as F32.

            EXAMPLES
              distill convert runs/quickstart/student student.gguf --type q8_0
              distill convert gemma-3-270m-q4_k_m.gguf gemma --type bf16
              distill convert runs/exits/student shallow.gguf --exit 2
            """)

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var input: String
    @Argument(help: "What to write.")
    var output: String
    @Option(help: "How weights are stored.")
    var type = ExportType.standard
    @OptionGroup var exit: ExitFlag
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a model")
        guard output.hasSuffix(".gguf") || type.format.valuesPerBlock == 1 else {
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
            let model = try exit.model(input)
            if model.unusedRows > 0 {
                Failure.report(
                    "note: \(model.unusedRows) rows of the embedding table belong to no piece and are left out"
                )
            }
            if output.hasSuffix(".gguf") {
                let unnamed = model.tokens.ends.dropFirst(3).map(String.init).joined(separator: ", ")
                if !unnamed.isEmpty {
                    Failure.report(
                        "note: a GGUF file names three ids that end an answer; \(unnamed) left out")
                }
                // A GGUF file without a vocabulary cannot be used by any program.
                try Checkpoint.export(
                    decoder: model.decoder, tokenizer: model.requireTokenizer(), template: model.template,
                    tokens: model.tokens, to: url, as: type.format)
            } else {
                if model.tokenizer == nil {
                    Failure.report("note: \(input) has no tokenizer.model, so none is written")
                }
                try Checkpoint.save(
                    decoder: model.decoder, tokenizer: model.tokenizer, template: model.template,
                    tokens: model.tokens, to: url, as: ScalarType(rawValue: type.format.rawValue)!)
            }
            try Console.print("\(output): \(try Checkpoint.weightBytes(at: url)) bytes of weights")
        }
    }
}

extension ExportType: ExpressibleByArgument {}
