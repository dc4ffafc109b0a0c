import ArgumentParser

/// The `--json` option of commands whose output may go to standard output.
struct SummaryFlag: ParsableArguments {
    @Flag(help: "Print a summary as JSON.")
    var json = false

    /// - Throws: `ValidationError` when the output itself goes to standard output.
    func validate(output: String) throws {
        if json, output == StandardStreams.name {
            throw ValidationError("--json and --output - both print to standard output")
        }
    }
}
