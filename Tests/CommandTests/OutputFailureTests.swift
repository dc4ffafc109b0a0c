import Foundation
import TestSupport
import Testing

/// Faults found, line 2: lost progress ends nothing, lost results are an error, and nothing crashes.
@Suite struct OutputFailureTests {
    /// Runs a line of shell in which `distill` is the command.
    private func shell(_ line: String, in directory: URL? = nil) throws -> CommandRun {
        try CommandRun.run(
            URL(filePath: "/bin/bash"),
            arguments: [
                "-c", "set -o pipefail; distill() { '\(CommandRun.distill.path)' \"$@\"; }; \(line)",
            ],
            in: directory)
    }

    @Test(arguments: ["2>/dev/full", "2>&-", "2> >(exec true)"])
    func aRunWithoutProgressEndsAsWithIt(redirection: String) throws {
        try withTemporaryDirectory { directory in
            try Data("One two three.\n\nFour five six.\n".utf8).write(
                to: directory.appending(path: "text.txt"))
            let recipe = """
                name: small
                stages:
                  - tokenizer: {corpus: [text.txt], vocabulary: 300, to: tokenizer}
                """
            try Data(recipe.utf8).write(to: directory.appending(path: "small.yaml"))
            let run = try shell("distill run small.yaml --json \(redirection)", in: directory)
            #expect(run.status == 0 && !run.wasSignalled, "\(run.status) \(run.standardError)")
            #expect(run.standardOutput.contains("\"performed\" : 1"))
            // What was written into the run's files is what belongs there.
            let record = directory.appending(path: "runs/small/run.json")
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(contentsOf: record))
            }
        }
    }

    @Test(arguments: [
        "validate --keys", "--help", "--version", "tokenizer --help", "run recipe.yaml --dry-run --json",
        "tokenizer inspect model --json", "tokenizer inspect model", "inspect model --json",
        "chat model --prompt Hello --max-new-tokens 3", "evaluate perplexity model --data text.txt --json",
    ])
    func resultsThatCannotBeWrittenAreAnError(command: String) throws {
        try withSmallModel { directory in
            try Data("Wess keeps a goat.\n".utf8).write(to: directory.appending(path: "text.txt"))
            let recipe = """
                name: r
                stages:
                  - tokenizer: {corpus: [text.txt], vocabulary: 300, to: tokenizer}
                """
            try Data(recipe.utf8).write(to: directory.appending(path: "recipe.yaml"))
            for place in [">/dev/full", ">&-"] {
                let run = try shell("distill \(command) \(place)", in: directory)
                #expect(run.status == 74 && !run.wasSignalled, "\(place): \(run.status) \(run.standardError)")
                #expect(run.standardError.contains("cannot write standard output"), "\(run.standardError)")
            }
        }
    }

    @Test func linesOfTextThatCannotBeWrittenAreAnError() throws {
        try withSmallModel { directory in
            let run = try shell(
                "distill tokenizer encode model >/dev/full <<< 'a goat'", in: directory)
            #expect(run.status == 74)
        }
    }

    /// As `cat` does: nothing is said when the reader has what it wants.
    @Test func aReaderThatGoesEndsTheCommandQuietly() throws {
        let run = try shell("{ distill validate --keys; echo $? >&2; } | true")
        #expect(run.standardError == "141\n", "\(run.standardError)")
    }
}
