import ArgumentParser
import Foundation
import Support

/// The command. Each subcommand is one short file that calls the library.
@main
struct Distill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Distil large language models into small ones.",
        discussion: """
            A recipe describes a whole distillation as a list of stages; `distill run` carries it out. The other \
            subcommands are the same stages one at a time. Models are Hugging Face directories, GGUF files, or names on the Hugging Face hub.

            EXAMPLES
              distill run recipes/quickstart.yaml
              distill chat runs/quickstart/student
              distill init --teacher model.gguf --data chats.jsonl
              distill --generate-completion-script bash > ~/.local/share/bash-completion/completions/distill
            """,
        version: toolVersion,
        subcommands: [
            RunCommand.self, ValidateCommand.self, InitCommand.self, PullCommand.self, TokenizerCommand.self,
            TemplateCommand.self,
            GenerateCommand.self, FilterCommand.self, WeakLabelsCommand.self,
            LabelCommand.self, MergeCommand.self, InspectCommand.self, EvaluateCommand.self, ChatCommand.self,
            BenchCommand.self,
            PruneCommand.self, ConvertCommand.self, DoctorCommand.self,
        ])

    /// Runs the command synchronously.
    ///
    /// Only the thread pool is concurrent. An asynchronous `main` would start Dispatch, which waits for ever when an
    /// address-space limit leaves no room for its thread.
    static func main() {
        Console.prepare()
        Interruption.install()
        do {
            try Arguments.checkEncoding()
            try RenamedArguments.check(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(error)
        }
    }

    /// Prints help, a version or a usage error, and ends with its exit code.
    private static func end(_ error: any Error) -> Never {
        let (message, code) = (fullMessage(for: error), exitCode(for: error))
        if !message.isEmpty {
            if code.isSuccess {
                // Help, a version or a completion script: all our own text.
                do { try Failure.reporting { try Console.write(message + "\n") } } catch {
                    exit(withError: error)
                }
            } else {
                Console.tell(message.withBoundedLines())
            }
        }
        Foundation.exit(code.rawValue)
    }
}
