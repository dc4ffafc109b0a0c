import ArgumentParser

/// Arguments of earlier versions, each refused with the form that replaces it.
enum RenamedArguments {
    /// Subcommands whose model was an option, and how they take it now.
    private static let modelCommands: [(command: [String], form: String)] = [
        (["tokenizer", "encode"], "MODEL"), (["tokenizer", "decode"], "MODEL"),
        (["tokenizer", "inspect"], "MODEL"), (["tokenizer", "count"], "MODEL --corpus FILE"),
        (["tokenizer", "trim"], "MODEL FILE"), (["bench"], "MODEL"),
    ]

    /// - Parameter arguments: The command line without the name of the program.
    /// - Throws: `ValidationError` with the new form, if an argument has been renamed.
    static func check(_ arguments: [String]) throws {
        if arguments.first == "cut" {
            throw ValidationError("`distill cut` has been renamed to `distill prune`")
        }
        guard arguments.contains(where: { $0 == "--model" || $0.hasPrefix("--model=") }),
            let (command, form) = modelCommands.first(where: { arguments.starts(with: $0.command) })
        else { return }
        throw ValidationError(
            "the model is not an option but the first argument: distill "
                + "\(command.joined(separator: " ")) \(form)")
    }
}
