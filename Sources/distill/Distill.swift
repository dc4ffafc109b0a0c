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
            GenerateCommand.self,
            LabelCommand.self, InspectCommand.self, EvaluateCommand.self, ChatCommand.self, BenchCommand.self,
            PruneCommand.self, ConvertCommand.self, DoctorCommand.self,
        ])

    /// Runs the command synchronously.
    ///
    /// Only the thread pool is concurrent. An asynchronous `main` would start Dispatch, which waits for ever when an
    /// address-space limit leaves no room for its thread.
    static func main() {
        leaveOpenBLASWithoutThreads()
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

    /// Restarts the process without OpenBLAS's own threads when the address space is limited.
    ///
    /// OpenBLAS starts its threads when the library is loaded, before `main`, and the command does not use them. Each thread
    /// retries a 128 MiB allocation until it succeeds. Under a limit it never does, and the process cannot exit.
    private static func leaveOpenBLASWithoutThreads() {
        guard getenv("OPENBLAS_NUM_THREADS") == nil, MemoryLimit.addressSpaceLeft != nil else { return }
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        // If `execv` fails, the command continues as it is.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
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
