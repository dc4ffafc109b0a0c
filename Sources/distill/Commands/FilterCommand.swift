import ArgumentParser
import Checkpoints
import Corpora
import Foundation
import Recipes
import Support

struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Filter, de-duplicate and decontaminate a corpus.",
        discussion: """
            Filters run in order; each sees the records that those before it have kept. Kept records are written with the \
            bytes of their lines. A filter is a kind (\(FilterKind.all.map(\.name).joined(separator: ", "))) with its \
            options, as in the stage `filter` of a recipe; `distill validate --keys` lists them.

            EXAMPLES
              distill filter raw.jsonl --filter exact_duplicates --output clean.jsonl
              distill filter raw.jsonl --filter 'kind: length, min: 20' -o clean.jsonl
              distill filter raw.jsonl --filters filters.yaml -o clean.jsonl \\
                --removed removed.jsonl --report report.json
              distill filter raw.jsonl -o clean.jsonl \\
                --filter 'kind: contamination, against: heldout.jsonl'
              distill filter raw.jsonl -o clean.jsonl \\
                --filter 'kind: perplexity, model: data/teacher, max_percentile: 90'
            """)

    @Argument(
        help: ArgumentHelp(
            "The corpus: .jsonl or .txt files (also .gz), directories, or patterns; - for standard input.",
            valueName: "file"))
    var corpus: [String]
    @Option(help: ArgumentHelp("A YAML file with a list of filters.", valueName: "file"))
    var filters: String?
    @Option(
        name: .customLong("filter"),
        help: ArgumentHelp(
            "A filter: its kind, or keys and values such as 'kind: length, min: 20'; may be repeated.",
            valueName: "filter"))
    var single: [String] = []
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The JSONL file to write; - for standard output.", valueName: "file"))
    var output: String
    @Option(
        help: ArgumentHelp("Write the removed records to this file, with the reasons.", valueName: "file"))
    var removed: String?
    @Option(help: ArgumentHelp("Write the report to this JSON file.", valueName: "file"))
    var report: String?
    @Option(help: "How a text file is split into documents: the whole file, paragraphs or lines.")
    var documents = TextDocuments.paragraph
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup var summaryFlag: SummaryFlag
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try summaryFlag.validate(output: output)
        if filters == nil, single.isEmpty { throw ValidationError("give --filters or --filter") }
        for path in [removed, report].compactMap({ $0 }) {
            try StandardStreams.refuse(path, for: "a second file")
        }
        try OutputCheck.refuseRepeated(outputs, flags: "--output, --removed and --report")
        try OutputCheck.refuseCompressed(outputs)
    }

    private var outputs: [String] { [output, removed, report].compactMap { $0 } }

    func run() throws {
        try general.running(advice: "nothing was written") {
            let list = try FilterList(file: filters, arguments: single)
            for path in outputs {
                try OutputCheck.refuse(
                    path, amongInputs: corpus + list.referencePaths + (filters.map { [$0] } ?? []))
            }
            let reader = CorpusReader(try StandardStreams.files(corpus), documents: documents)
            CorpusNotes.reportSkipped(reader)
            let progress = general.progressLine()
            defer { progress.clear() }
            // Values that models give records outlive an interrupted run, beside the output.
            let scores =
                list.runsModels && output != StandardStreams.name
                ? URL(filePath: output + ".scores", directoryHint: .isDirectory) : nil
            if scores != nil {
                Interruption.advise("nothing was written; run the same command again to resume")
            }
            let pipeline = try list.pipeline { try chatTemplate.applied(to: Checkpoint.load($0)) }
            let result = try filter(reader, pipeline, scores, progress.handler)
            if let scores { try FileManager.default.removeItem(at: scores) }
            progress.clear()
            if let report { try AtomicFile.write(result.json(), to: URL(filePath: report)) }
            try show(result)
        }
    }

    private func filter(
        _ reader: CorpusReader, _ pipeline: FilterPipeline, _ scores: URL?,
        _ progress: @escaping ProgressHandler
    ) throws -> FilterReport {
        let removed = removed.map { URL(filePath: $0) }
        guard output == StandardStreams.name else {
            return try pipeline.run(
                reader, to: URL(filePath: output), removed: removed, scores: scores, progress: progress)
        }
        func run(_ remove: (RemovedRecord) throws -> Void) throws -> FilterReport {
            try pipeline.run(
                reader, progress: progress, kept: { try Console.write(line: $0) }, removed: remove)
        }
        guard let removed else { return try run { _ in } }
        var result: FilterReport?
        try AtomicFile.write(to: removed) { writer in
            result = try run { try writer.writeLine($0.line()) }
        }
        return result!
    }

    // MARK: - Output

    /// What `filter --json` prints.
    private struct Summary: Encodable {
        let path: String
        let read, kept: FilterReport.Extent
        let removed: Int
        let filters: [FilterReport.Filter]
    }

    private func show(_ report: FilterReport) throws {
        if summaryFlag.json {
            return try printJSON(
                Summary(
                    path: output, read: report.read, kept: report.kept, removed: report.removed,
                    filters: report.filters))
        }
        for filter in report.filters {
            for note in filter.notes { Console.tell("\(filter.kind): \(note)") }
        }
        let rows = report.filters.map { filter in
            [
                filter.part.map { "\(filter.kind) (\($0.rawValue))" } ?? filter.kind, "\(filter.examined)",
                "\(filter.removed)", percent(filter.fraction), "\(filter.unjudged)",
            ]
        }
        // Standard output has the records.
        let isPiped = output == StandardStreams.name
        if !isPiped {
            try printTable(["filter", "examined", "removed", "fraction", "not judged"], rows)
            for filter in report.filters {
                guard let first = filter.examples.first else { continue }
                try Console.print("\(filter.kind): \(first.file):\(first.line): \(first.reason)")
            }
        }
        if !isPiped || !general.quiet { try Console.summarize("\(output): \(report.summary)", of: output) }
    }
}
