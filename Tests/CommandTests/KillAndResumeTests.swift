import Foundation
import TestSupport
import Testing

/// A run killed at any moment and started again ends with the bytes of one never killed.
@Suite(.serialized) struct KillAndResumeTests {
    @Test func killedRunsEndWithTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let whole = try CommandRun.distill(
                "run", "tiny.yaml", "--runs", "whole", in: directory, timeout: 300)
            #expect(whole.status == 0, "\(whole.standardError)")

            // Moments spread over generation, labelling and training; a machine's speed decides which stage each hits.
            let moments = (1...12).map { Double($0) * whole.seconds / 9 }
            var (kills, last): (Int, CommandRun?) = (0, nil)
            for moment in moments {
                let run = try killed(
                    after: moment.truncatingRemainder(dividingBy: whole.seconds), in: directory)
                if run.wasKilled { kills += 1 }
                last = run
                if run.status == 0, !run.wasKilled { break }
            }
            #expect(kills >= 3, "only \(kills) runs were killed before the work was done")
            if last?.status != 0 || last?.wasKilled == true {
                last = try CommandRun.distill(
                    "run", "tiny.yaml", "--runs", "killed", in: directory, timeout: 300)
            }
            #expect(last?.status == 0, "\(last?.standardError ?? "")")

            for name in [
                "student/model.safetensors", "student/tokenizer.model", "corpus.jsonl",
                "signals/manifest.json",
            ] {
                let expected = try Data(contentsOf: tiny.directory.appending(path: "whole/tiny/\(name)"))
                let found = try Data(contentsOf: tiny.directory.appending(path: "killed/tiny/\(name)"))
                #expect(found == expected, "\(name) differs after \(kills) kills")
            }
        }
    }

    /// Runs the recipe and kills it, with SIGKILL, after some seconds.
    private func killed(after seconds: Double, in directory: URL) throws -> CommandRun {
        let script = #"timeout --signal=KILL "$0" "$1" run tiny.yaml --runs killed"#
        return try CommandRun.run(
            URL(filePath: "/bin/sh"),
            arguments: [
                "-c", "exec " + script, String(format: "%.2f", max(0.05, seconds)), CommandRun.distill.path,
            ],
            in: directory, timeout: 300
        )
    }
}

extension CommandRun {
    /// `timeout` reports a kill as exit code 137, or dies of the same signal.
    fileprivate var wasKilled: Bool { status == 137 || wasSignalled }
}
