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
            CutCommand.self, ConvertCommand.self, DoctorCommand.self,
        ])

    /// Nothing in the command is concurrent but the thread pool. An asynchronous `main` would start Dispatch, which waits for ever
    /// where an address-space limit leaves no room for its thread.
    static func main() {
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
