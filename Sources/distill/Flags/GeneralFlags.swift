import ArgumentParser
import Foundation
import Support
import Tensors

/// The options of every command.
struct GeneralFlags: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print only results and errors, no progress.")
    var quiet = false
    @Option(
        help: ArgumentHelp(
            "Number of threads, at most one per processor (default: DISTILL_THREADS, or one per processor).",
            valueName: "number"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads \(threads) is not positive") }
    }

    /// The progress display; silent with `--quiet`.
    func progressLine() -> ProgressLine {
        if quiet { return ProgressLine(isLive: false, hasColour: false, write: { _ in }) }
        if Terminal.isInteractive(Terminal.standardError) {
            // The interruption's message replaces the live line.
            Interruption.restoring { Console.tell(styled: "\r\u{1B}[K") }
        }
        return ProgressLine()
    }

    /// Runs a command's work; a thrown error is reported and becomes the exit code.
    ///
    /// - Parameter advice: What to print about resuming when a signal ends the command.
    func running<Result>(advice: String? = nil, _ body: () throws -> Result) throws -> Result {
        if let threads { Parallel.threads = threads }
        Interruption.advise(advice)
        return try Failure.reporting { try StandardStreams.withInput(body) }
    }
}
