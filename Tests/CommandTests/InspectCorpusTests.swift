import Foundation
import FoundationXML
import TestSupport
import Testing

@Suite struct InspectCorpusTests {
    private func withCorpus(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let lines = (0..<40).map {
                #"{"prompt": "Who is <b>\#($0 % 20)</b>?", "completion": "It is the one and only \#($0)."}"#
            }
            try Data(lines.joined(separator: "\n").utf8).write(to: directory.appending(path: "c.jsonl"))
            try body(directory)
        }
    }

    @Test func aCorpusIsDescribedWithHistogramOpeningsAndExamples() throws {
        try withCorpus { directory in
            let run = try CommandRun.distill(
                "inspect", "c.jsonl", "--tokenizer", packageRoot.path + "/data/teacher", "--html", "c.html",
                in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let text = run.standardOutput
            for expected in [
                "duplicate prompts", "20 (50.0%)", "answers (tokens)", "Length of answers (tokens)",
                "  40  it is the",
                "Example\n  user: Who is <b>", "█",
            ] {
                #expect(text.contains(expected), "\(expected) in:\n\(text)")
            }
            let page = try String(contentsOf: directory.appending(path: "c.html"), encoding: .utf8)
            #expect(page.contains("Who is &lt;b&gt;") && !page.contains("Who is <b>"))
            // Well-formed XML.
            #expect(XMLParser(data: Data(page.replacing("<!DOCTYPE html>\n", with: "").utf8)).parse())
        }
    }

    @Test func numbersComeAsJSON() throws {
        try withCorpus { directory in
            let report = try CommandRun.distill("inspect", "c.jsonl", "--json", in: directory).json()
            #expect(try report.number("records") == 40)
            #expect(try report.number("duplicate_prompts") == 20)
            #expect((report["openings"] as? [[String: Any]])?.first?["count"] as? Int == 40)
            #expect((report["examples"] as? [Any])?.count == 3)
        }
    }

    @Test func standardInputIsACorpus() throws {
        try withCorpus { directory in
            let input = try String(contentsOf: directory.appending(path: "c.jsonl"), encoding: .utf8)
            let run = try CommandRun.run(
                CommandRun.distill, arguments: ["inspect", "-", "--examples", "0"], in: directory,
                input: input)
            #expect(run.status == 0 && run.standardOutput.contains("records"), "\(run.standardError)")
            #expect(!run.standardOutput.contains("Example"))
        }
    }

    @Test func aDirectoryOfFilesIsACorpus() throws {
        try withCorpus { directory in
            let report = try CommandRun.distill("inspect", ".", "--json", in: directory).json()
            #expect(try report.number("records") == 40)
        }
    }

    @Test func parquetIsRefusedWithTheLineThatConvertsIt() throws {
        try withCorpus { directory in
            try Data("PAR1".utf8).write(to: directory.appending(path: "train.parquet"))
            for arguments in [
                ["tokenizer", "train", "train.parquet", "-o", "t.model"],
                ["filter", "train.parquet", "--filter", "exact_duplicates", "-o", "x.jsonl"],
            ] {
                let run = try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
                #expect(run.status == 65 || run.status == 78, "\(run.standardError)")
                #expect(
                    run.standardError.contains("read_parquet('train.parquet').to_json('train.jsonl'"),
                    "\(run.standardError)")
            }
        }
    }

    @Test func optionsOfOtherThingsAreRefused() throws {
        try withCorpus { directory in
            let verified = try CommandRun.distill("inspect", "c.jsonl", "--verify", in: directory)
            #expect(verified.status == 64, "\(verified.standardError)")
            let page = try CommandRun.distill(
                "inspect", packageRoot.path + "/data/teacher", "--html", "t.html", in: directory)
            #expect(page.status == 64, "\(page.standardError)")
            let missing = try CommandRun.distill("inspect", "none.jsonl", in: directory)
            #expect(missing.status == 66, "\(missing.standardError)")
        }
    }
}
