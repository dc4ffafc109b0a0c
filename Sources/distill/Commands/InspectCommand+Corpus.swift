import Checkpoints
import Corpora
import Foundation
import Reports
import Support
import Tokenization

extension InspectCommand {
    /// Whether a corpus is meant: standard input, a path with the name of one, or a directory that holds nothing else that is inspected.
    var isCorpus: Bool {
        if path == StandardStreams.name || CorpusFiles.isPattern(path) { return true }
        let url = URL(filePath: path)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { return CorpusFiles.kinds.union(["parquet"]).contains(CorpusFiles.kind(of: url)) }
        let others = ["manifest.json", "config.json"].map { url.appending(path: $0).path }
        return !others.contains(where: FileManager.default.fileExists)
            && (try? CorpusFiles(at: url).files.isEmpty) == false
    }

    /// Prints what a corpus is like, and writes the page.
    func inspectCorpus() throws {
        guard !verify else {
            throw UserError(
                "is a corpus, not a signal cache", file: path,
                hint: "--verify compares a signal cache with its teacher", status: .usage)
        }
        let tokenizer = try self.tokenizer.map {
            try Checkpoint.tokenizerAndTemplate(at: general.model($0)).tokenizer
        }
        let statistics = try CorpusStatistics(
            of: CorpusNotes.reader([path]), tokenizer: tokenizer, examples: examples)
        let report = CorpusReport(statistics, name: path)
        if let html { try AtomicFile.write(Data(report.html.utf8), to: URL(filePath: html)) }
        if json { return try printJSON(statistics) }
        try printTable(["corpus", path], report.rows)
        try Console.print("")
        try printTable(report.lengthTable[0], Array(report.lengthTable.dropFirst()))
        if let (title, bins) = report.histogram { try printHistogram(title, bins) }
        for (title, texts) in report.frequent {
            try Console.print("\n\(title)")
            for item in texts { try Console.print("  \(item.count)  \(Self.shortened(item.text))") }
        }
        for messages in report.examples {
            try Console.print("\nExample")
            for (role, content) in messages {
                try Console.print("  \(role.isEmpty ? "" : role + ": ")\(Self.shortened(content))")
            }
        }
    }

    private func printHistogram(_ title: String, _ bins: [LengthDistribution.Bin]) throws {
        try Console.print("\nLength of \(title)")
        let most = bins.map(\.count).max() ?? 0
        let names = bins.map { $0.from == $0.to ? "\($0.from)" : "\($0.from)–\($0.to)" }
        let (width, digits) = (names.map(\.count).max() ?? 0, "\(most)".count)
        for (name, bin) in zip(names, bins) {
            // A bin that holds something shows something.
            let bar = String(repeating: "█", count: (40 * bin.count + most - 1) / most)
            let count = "\(bin.count)"
            try Console.print(
                "  " + String(repeating: " ", count: width - name.count) + name + "  "
                    + String(repeating: " ", count: digits - count.count) + count + "  " + bar)
        }
    }

    /// One line of at most 160 characters.
    private static func shortened(_ text: String) -> String {
        let line = text.replacing("\n", with: " ")
        return line.count > 160 ? line.prefix(159) + "…" : line
    }
}
