import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Support

extension TargetScope: ExpressibleByArgument {}
extension PerplexityConvention: ExpressibleByArgument {}

/// What text a verb reads, and how it is cut.
struct CorpusFlags: ParsableArguments {
    @Option(
        name: [.customLong("data"), .customLong("corpus")], parsing: .upToNextOption,
        help: ArgumentHelp("Text: .jsonl or .txt files, - for standard input.", valueName: "file"))
    var files: [String]

    @Option(help: "Tokens of a window, or that a document is cut to.")
    var context = CorpusEncoder.standardContext

    @Option(
        name: .customLong("loss-on"),
        help: "Count the assistant's turns only, or all tokens (default: label all, others assistant).")
    var scope: TargetScope?

    @Option(help: "Use only the first records of each file.")
    var limit: Int?

    func validate() throws {
        try require(CorpusEncoder.contextLimits.problem("--context", context))
        guard limit ?? 1 > 0 else { throw ValidationError("--limit \(limit ?? 0) is not positive") }
    }

    /// Reads the records of all files.
    /// - Throws: `UserError` when standard input cannot be read
    func reader() throws -> CorpusReader { CorpusReader(try StandardStreams.files(files), limit: limit) }
}
