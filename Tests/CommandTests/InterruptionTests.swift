import Foundation
import TestSupport
import Testing

/// Faults found, line 22: a signal saves what can be saved, says how to go on, and leaves nothing unfinished behind.
@Suite(.serialized) struct InterruptionTests {
    /// Starts `distill`, sends a signal once `isReady`, and waits.
    private func interrupted(
        _ arguments: [String], in directory: URL, by signal: Int32, when isReady: () -> Bool
    ) throws -> (status: Int32, wasSignalled: Bool, message: String) {
        let process = Process()
        process.executableURL = CommandRun.distill
        process.arguments = arguments
        process.currentDirectoryURL = directory
        let error = Pipe()
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, error)
        try withDefaultSignals { try process.run() }
        let deadline = Date().addingTimeInterval(60)
        while process.isRunning, !isReady(), Date() < deadline { usleep(300) }
        kill(process.processIdentifier, signal)
        let message = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason == .uncaughtSignal, message)
    }

    private func subpaths(of directory: URL) -> [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: directory.path)) ?? []
    }

    /// The state is saved at the step of the signal although the recipe would save none for an hour, and the run ends
    /// with the student and the metrics of one that was never stopped.
    @Test(arguments: [SIGINT, SIGTERM])
    func trainingSavesItsStateAndGoesOn(signal: Int32) throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let recipe = """
                name: tiny
                teacher: ./teacher
                student: {layers: 2, width: 32, heads: 2, feed_forward: 64, context: 128}
                stages:
                  - train:
                      corpus: prompts.jsonl
                      loss_on: all
                      losses: [{kind: cross_entropy}]
                      batch: {sequences: 4, context: 128}
                      steps: 120
                      checkpoint_every: 3600s
                      to: student
                """
            try Data(recipe.utf8).write(to: tiny.recipe)
            let whole = try CommandRun.distill("run", "tiny.yaml", "--runs", "whole", in: directory)
            try #require(whole.status == 0, "\(whole.standardError)")
            let run = try interrupted(["run", "tiny.yaml"], in: directory, by: signal) {
                self.subpaths(of: directory.appending(path: "runs")).contains {
                    $0.hasSuffix("metrics.jsonl")
                }
            }
            #expect(run.status == 128 + signal && !run.wasSignalled, "\(run.message)")
            #expect(run.message.contains("state saved at step"), "\(run.message)")
            #expect(run.message.contains("run the same command to resume"), "\(run.message)")
            let resumed = try CommandRun.distill("run", "tiny.yaml", in: directory)
            #expect(resumed.status == 0 && resumed.standardError.contains("resumed at step"))
            func student(_ runs: String) throws -> Data {
                try Data(contentsOf: directory.appending(path: "\(runs)/tiny/student/model.safetensors"))
            }
            #expect(try student("runs") == student("whole"))
            func metrics(_ runs: String) throws -> String {
                let path = try #require(
                    self.subpaths(of: directory.appending(path: runs)).first { $0.hasSuffix("metrics.jsonl") }
                )
                return try String(contentsOf: directory.appending(path: "\(runs)/\(path)"), encoding: .utf8)
            }
            #expect(try metrics("runs") == metrics("whole"))
        }
    }

    /// A GGUF file is large enough here for the signal to arrive while it is written.
    @Test func aConversionLeavesNothingBehind() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory, width: 512, feedForward: 2048, layers: 2)
            var sawTemporary = false
            let run = try interrupted(
                ["convert", "teacher", "out.gguf", "--type", "q4_0"], in: directory, by: SIGTERM
            ) {
                sawTemporary = self.subpaths(of: directory).contains { $0.hasPrefix(".out.gguf.tmp-") }
                return sawTemporary
            }
            // On a fast machine the file may be finished first.
            guard sawTemporary, run.status != 0 else { return }
            #expect(run.status == 143 && run.message.contains("terminated; nothing was written"))
            #expect(subpaths(of: directory).filter { $0.hasPrefix(".") || $0 == "out.gguf" }.isEmpty)
        }
    }

    /// What SIGKILL leaves, the next command that writes there removes; the files of living processes stay.
    @Test func leftoversOfKilledProcessesGo() throws {
        try withSmallModel { directory in
            let ended = try CommandRun.run(URL(filePath: "/bin/sh"), arguments: ["-c", "echo $$"])
            let dead = ended.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            let names = [
                ".a.gguf.tmp-\(dead)-1abc", ".b.tmp-\(dead)-2abc/model.safetensors", ".c.tmp-1-3abc", ".d",
            ]
            for name in names {
                let url = directory.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("half".utf8).write(to: url)
            }
            let run = try CommandRun.distill("convert", "model", "out.gguf", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            #expect(left == [".c.tmp-1-3abc", ".d", "model", "out.gguf"])
        }
    }

    /// An origin whose records were deleted describes nothing: it does not stop other settings.
    @Test func anOriginWithoutRecordsIsReplaced() throws {
        try withSmallModel { directory in
            try Data("Who sings?\n".utf8).write(to: directory.appending(path: "asked.txt"))
            func generate(seed: String) throws -> CommandRun {
                try CommandRun.distill(
                    "generate", "model", "--prompts", "asked.txt", "--output", "out.jsonl",
                    "--max-new-tokens", "3",
                    "--seed", seed, in: directory)
            }
            #expect(try generate(seed: "1").status == 0)
            try FileManager.default.removeItem(at: directory.appending(path: "out.jsonl"))
            let other = try generate(seed: "2")
            #expect(other.status == 0, "\(other.standardError)")
            let third = try generate(seed: "3")
            #expect(
                third.status == 73 && third.standardError.contains("out.jsonl: was made with other settings"))
            #expect(!third.standardError.contains(".partial"))
        }
    }
}
