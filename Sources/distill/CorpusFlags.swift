import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Support

extension TargetScope: ExpressibleByArgument {}
extension PerplexityConvention: ExpressibleByArgument {}
extension TextDocuments: ExpressibleByArgument {}

/// What text a verb reads, and how it is cut.
struct CorpusFlags: ParsableArguments {
    @Option(
        name: [.customLong("data"), .customLong("corpus")], parsing: .upToNextOption,
        help: ArgumentHelp(
            "Text: .jsonl, .ndjson or .txt files (also .gz), directories of them, or quoted patterns such as 'data/*.jsonl'; - for standard input.",
            valueName: "file"))
    var files: [String]

    @Option(
        name: .customLong("context"),
        help:
            "Tokens of a window, or that a document is cut to (default: 256, or the model's where that is shorter)."
    )
    var givenContext: Int?

    @Option(help: "What a document of a text file is: the whole file, a paragraph or a line.")
    var documents: TextDocuments?

    @Option(
        name: .customLong("loss-on"),
        help: "Count the assistant's turns only, or all tokens (default: label all, others assistant).")
    var scope: TargetScope?

    @Option(help: "Use only the first records of each file.")
    var limit: Int?

    func validate() throws {
        if let context = givenContext {
            try require(CorpusEncoder.contextLimits.problem("--context", context))
        }
        guard limit ?? 1 > 0 else { throw ValidationError("--limit \(limit ?? 0) is not positive") }
    }

    var context: Int { givenContext ?? CorpusEncoder.standardContext }

    /// Reads the records of all files; says on standard error what it leaves out.
    ///
    /// - Parameter documents: what a document of a text file is where nothing is said
    /// - Throws: `UserError` when standard input cannot be read
    func reader(documents: TextDocuments = .paragraph) throws -> CorpusReader {
        let reader = CorpusReader(
            try StandardStreams.files(files), limit: limit, documents: self.documents ?? documents)
        CorpusNotes.sayLeftOut(reader)
        return reader
    }
}
