import Foundation

/// `report.md`.
package struct MarkdownReport {
    private let data: ReportData

    package init(_ data: ReportData) { self.data = data }

    package var text: String {
        var parts = ["# \(data.title.markdownEscaped)"]
        if let description = data.description { parts.append(description.markdownEscaped) }
        if !data.scoreTable.isEmpty {
            parts.append("## Results")
            parts.append(MarkdownTable.text(data.scoreTable))
            parts.append(data.tableNote)
            let comparisons = data.comparisons.map { "- \($0.markdownEscaped)" }
            if !comparisons.isEmpty { parts.append(comparisons.joined(separator: "\n")) }
        }
        if let sentences = data.study?.sentences, !sentences.isEmpty {
            parts.append("## Verdict")
            parts.append(sentences.map { "- \($0.markdownEscaped)" }.joined(separator: "\n"))
        }
        parts.append("## Stages")
        parts.append(MarkdownTable.text(data.stageTable))
        parts.append("Written by distill \(data.toolVersion.markdownEscaped); seed \(data.seed).")
        return parts.joined(separator: "\n\n") + "\n"
    }
}

extension ReportData {
    /// What the number after ± is.
    var tableNote: String {
        study?.note ?? "± is the standard error of the measurement."
    }

    var stageTable: [[String]] {
        [["stage", "time", "result"]] + stages.map { [$0.label, durationText($0.seconds), $0.summary] }
    }
}
