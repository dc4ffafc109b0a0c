import Foundation
import Support
import TestSupport
import Tokenization

@testable import Corpora

/// A chat of a question and an answer.
func chat(_ answer: String) -> CorpusRecord { chat("q", answer) }

func chat(_ question: String, _ answer: String) -> CorpusRecord {
    .chat([Message(role: .user, content: question), Message(role: .assistant, content: answer)])
}

/// What a filter says of records, in order; nil for those it keeps or cannot judge.
func reasons(_ filter: any RecordFilter, _ records: [CorpusRecord], lines: [String] = []) throws -> [String?]
{
    try verdicts(filter, records, lines: lines).map {
        if case .remove(let reason) = $0 { reason } else { nil }
    }
}

func verdicts(_ filter: any RecordFilter, _ records: [CorpusRecord], lines: [String] = []) throws
    -> [FilterVerdict]
{
    try withTemporaryDirectory { directory in
        try filter.prepare(in: FilterWorkspace(directory: directory))
        return try filter.judge(
            records.enumerated().map { index, record in
                CandidateRecord(
                    record, at: RecordLocation(file: "c.jsonl", line: index + 1),
                    line: index < lines.count ? Data(lines[index].utf8) : nil)
            })
    }
}

/// What a rule says of an answer.
func reason(_ rule: any RecordRule, _ answer: String) throws -> String? {
    try reasons(rule, [chat(answer)])[0]
}

/// Filters the text of a file, and returns the kept lines, the removed ones and the report.
func filtered(_ text: String, _ filters: [any RecordFilter], name: String = "c.jsonl") throws -> (
    kept: String, removed: String, report: FilterReport
) {
    try withFiles([name: text]) { files in
        let folder = files[0].deletingLastPathComponent()
        let (kept, removed) = (folder.appending(path: "kept.jsonl"), folder.appending(path: "removed.jsonl"))
        let report = try FilterPipeline(filters).run(CorpusReader(files), to: kept, removed: removed)
        return (
            try String(contentsOf: kept, encoding: .utf8), try String(contentsOf: removed, encoding: .utf8),
            report
        )
    }
}
