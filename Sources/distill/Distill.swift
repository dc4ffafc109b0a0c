import ArgumentParser
import Foundation
import Support

/// The command: one subcommand a file, each short, each calling the library.
@main
struct Distill: AsyncParsableCommand {
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

    static func main() async {
        Console.prepare()
        Interruption.install()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// Prints help, a version or a usage error, and ends with its exit code.
    private static func end(_ error: any Error) -> Never {
        let (message, code) = (fullMessage(for: error), exitCode(for: error))
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
