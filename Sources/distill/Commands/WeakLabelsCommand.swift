import ArgumentParser
import Corpora
import Foundation
import Recipes
import Support

struct WeakLabelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weak-labels",
        abstract: "Label a corpus by labelling functions, whose accuracies are learned from how they agree.",
        discussion: """
            A labelling function is a filter, a key with a vote or a key with a score; it votes for a label or abstains. \
            The file of functions has the keys of the stage `weak_labels` of a recipe: labels, functions, and where \
            they are wanted class_balance and keep; `distill validate --keys` lists them. Each record gets the most \
            probable label as meta.weak_label.

            EXAMPLES
              distill weak-labels answers.jsonl --functions functions.yaml --output labelled.jsonl
              distill weak-labels answers.jsonl --functions functions.yaml -o labelled.jsonl --report report.json

            functions.yaml:
              labels: [good, bad]
              functions:
                - {name: refuses, filter: refusal, label: bad}
                - {name: short, filter: {kind: length, min: 40}, label: bad, otherwise: good}
                - {name: rated, score: meta.judge.score, at_least: 7, label: good, otherwise: bad}
            """)

    @Argument(
        help: ArgumentHelp(
            "The corpus: .jsonl or .txt files (also .gz), directories, or patterns; - for standard input.",
            valueName: "file"))
    var corpus: [String]
    @Option(help: ArgumentHelp("A YAML file with labels and functions.", valueName: "file"))
    var functions: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The JSONL file to write; - for standard output.", valueName: "file"))
    var output: String
    @Option(help: ArgumentHelp("Write the report to this JSON file.", valueName: "file"))
    var report: String?
    @Option(help: "How a text file is split into documents: the whole file, paragraphs or lines.")
    var documents = TextDocuments.paragraph
    @OptionGroup var summaryFlag: SummaryFlag
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try summaryFlag.validate(output: output)
        if let report { try StandardStreams.refuse(report, for: "a second file") }
        let paths = [output] + (report.map { [$0] } ?? [])
        try OutputCheck.refuseRepeated(paths, flags: "--output and --report")
        try OutputCheck.refuseCompressed(paths)
    }

    func run() throws {
        try general.running(advice: "nothing was written") {
            let settings = try WeakLabelSettings(file: functions)
            for path in [output] + (report.map { [$0] } ?? []) {
                try OutputCheck.refuse(path, amongInputs: corpus + settings.referencePaths + [functions])
            }
            let reader = CorpusReader(try StandardStreams.files(corpus), documents: documents)
            CorpusNotes.reportSkipped(reader)
            let progress = general.progressLine()
            defer { progress.clear() }
            let result = try label(reader, settings.labeling(), progress.handler)
            progress.clear()
            if let report { try AtomicFile.write(result.json(), to: URL(filePath: report)) }
            try show(result)
        }
    }

    private func label(
        _ reader: CorpusReader, _ labeling: WeakLabeling, _ progress: @escaping ProgressHandler
    ) throws -> WeakLabelReport {
        guard output == StandardStreams.name else {
            return try labeling.run(reader, to: URL(filePath: output), progress: progress)
        }
        return try labeling.run(reader, progress: progress) { try Console.write(line: $0) }
    }

    // MARK: - Output

    /// What `weak-labels --json` prints.
    private struct Summary: Encodable {
        let path: String
        let report: WeakLabelReport
    }

    private func show(_ report: WeakLabelReport) throws {
        if summaryFlag.json { return try printJSON(Summary(path: output, report: report)) }
        for note in report.notes { Console.tell(note) }
        // Standard output has the records.
        let isPiped = output == StandardStreams.name
        if !isPiped {
            try printTable(
                ["function", "votes for", "coverage", "overlaps", "conflicts", "accuracy"],
                report.functions.map { function in
                    [function.name, function.labels.joined(separator: ", ")]
                        + [function.coverage, function.overlaps, function.conflicts].map { percent($0) }
                        + [function.accuracy.map { percent($0) } ?? "–"]
                })
            try printTable(
                ["label", report.estimatesBalance ? "estimated balance" : "given balance", "records"],
                report.labels.map { [$0.name, percent($0.balance), "\($0.records)"] })
        }
        if !isPiped || !general.quiet { try Console.summarize("\(output): \(report.summary)", of: output) }
    }
}
