import ArgumentParser
import Foundation
import Support

/// The command: one subcommand a file, each short, each calling the library.
@main
struct Distill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Distil large language models into small ones.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, ValidateCommand.self, InitCommand.self, TokenizerCommand.self,
            GenerateCommand.self,
            LabelCommand.self, InspectCommand.self, EvaluateCommand.self, ChatCommand.self, BenchCommand.self,
            PruneCommand.self, ConvertCommand.self, DoctorCommand.self,
        ])

    /// Nothing in the command is concurrent but the thread pool. An asynchronous `main` would start Dispatch, which waits for ever
    /// where an address-space limit leaves no room for its thread.
    static func main() {
        leaveOpenBLASWithoutThreads()
        Console.prepare()
        Interruption.install()
        do {
            try Arguments.checkEncoding()
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(error)
        }
    }

    /// Begins again without OpenBLAS's own threads where the address space is limited.
    ///
    /// They start as the library is loaded, before `main`, and the command uses none of them. Each asks for a buffer of 128 MiB
    /// until it has it: under a limit for ever, and the process waits for them at its end.
    private static func leaveOpenBLASWithoutThreads() {
        guard getenv("OPENBLAS_NUM_THREADS") == nil, MemoryLimit.addressSpaceLeft != nil else { return }
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        // Where it cannot, the command goes on as it is.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// Prints help, a version or a usage error, and ends with its exit code.
    private static func end(_ error: any Error) -> Never {
        let (message, code) = (fullMessage(for: error).withBoundedLines(), exitCode(for: error))
        if !message.isEmpty {
            if code.isSuccess {
                do { try Failure.reporting { try Console.print(message) } } catch { exit(withError: error) }
            } else {
                Console.tell(message)
            }
        }
        Foundation.exit(code.rawValue)
    }
}
