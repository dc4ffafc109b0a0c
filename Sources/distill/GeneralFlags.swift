import ArgumentParser
import Foundation
import Support
import Tensors

/// What every command understands.
struct GeneralFlags: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print results and errors only, no progress.")
    var quiet = false
    @Option(
        help: ArgumentHelp(
            "Threads to use, at most one a processor (default: all of them, or as many as DISTILL_THREADS says).",
            valueName: "number"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads \(threads) is not positive") }
    }

    /// Shows progress, unless there is to be quiet.
    func progressLine() -> ProgressLine {
        if quiet { return ProgressLine(isLive: false, hasColour: false, write: { _ in }) }
        if Terminal.isInteractive(Terminal.standardError) {
            // The message of an interruption takes the place of the live line.
            Interruption.restoring { Console.tell(styled: "\r\u{1B}[K") }
        }
        return ProgressLine()
    }

    /// Runs a command's work: what it throws is reported and becomes the exit code.
    ///
    /// - Parameter advice: what to say of going on when a signal ends it
    func running<Result>(advice: String? = nil, _ body: () throws -> Result) throws -> Result {
        if let threads { Parallel.threads = threads }
        Interruption.advise(advice)
        return try Failure.reporting { try StandardStreams.withInput(body) }
    }
}
