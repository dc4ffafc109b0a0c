import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Support

extension TargetScope: ExpressibleByArgument {}
extension PerplexityConvention: ExpressibleByArgument {}
extension TextDocuments: ExpressibleByArgument {}

/// The corpus that a command reads, and how documents are split and truncated.
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
            "Context length in tokens, to which documents are truncated (default: 256, or the model's if shorter)."
    )
    var givenContext: Int?

    @Option(help: "How a text file is split into documents: the whole file, paragraphs or lines.")
    var documents: TextDocuments?

    @Option(
        name: .customLong("loss-on"),
        help:
            "Loss mask: the assistant's turns only, or all tokens (default: all in label, assistant elsewhere)."
    )
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

    /// A reader of the records of all files; skipped files are listed on standard error.
    ///
    /// - Parameter documents: How text files are split when the option is not given.
    /// - Throws: `UserError` when standard input cannot be read.
    func reader(documents: TextDocuments = .paragraph) throws -> CorpusReader {
        let reader = CorpusReader(
            try StandardStreams.files(files), limit: limit, documents: self.documents ?? documents)
        CorpusNotes.reportSkipped(reader)
        return reader
    }
}
