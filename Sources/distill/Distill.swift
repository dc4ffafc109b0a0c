import ArgumentParser

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
}
