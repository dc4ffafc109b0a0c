import Foundation
import TestSupport
import Testing

/// A run killed at any moment and started again ends with the bytes of one never killed.
@Suite(.serialized) struct KillAndResumeTests {
    /// What is compared: everything later stages read.
    private static let results = [
        "student/model.safetensors", "student/tokenizer.model", "corpus.jsonl", "signals/manifest.json",
        "signals/shard-00000.safetensors",
    ]

    @Test func killedRunsEndWithTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let whole = try CommandRun.distill(
                "run", "tiny.yaml", "--runs", "whole", in: directory, timeout: 300)
            #expect(whole.status == 0, "\(whole.standardError)")

            // On a fast machine a stage may be over before the signal arrives: then all begins anew, with half the
            // patience, until nothing but the looking lies between a stage's beginning and its end.
            var hits: [String] = []
            let stages: Set = ["generate", "label", "train"]
            for attempt in 0..<12 where !stages.isSubset(of: hits) {
                try? FileManager.default.removeItem(at: directory.appending(path: "killed"))
                hits = []
                for stage in ["generate", "generate", "label", "label", "train", "train", "train"] {
                    let hit = try killRun(in: directory, during: stage, within: 300_000 >> attempt)
                    if let hit { hits.append(hit) }
                }
            }
            #expect(stages.isSubset(of: hits), "killed only during \(hits)")

            let last = try CommandRun.distill(
                "run", "tiny.yaml", "--runs", "killed", in: directory, timeout: 300)
            #expect(last.status == 0, "\(last.standardError)")
            for name in Self.results {
                let expected = try Data(contentsOf: directory.appending(path: "whole/tiny/\(name)"))
                let found = try Data(contentsOf: directory.appending(path: "killed/tiny/\(name)"))
                #expect(found == expected, "\(name) differs after kills during \(hits)")
            }
        }
    }

    /// Starts or resumes the run and kills it, with SIGKILL, at a random moment of a stage.
    ///
    /// - Parameter patience: the longest time from the stage's beginning, in microseconds
    /// - Returns: the kind of the stage it left unfinished; nil when the run was over first
    private func killRun(in directory: URL, during stage: String, within patience: UInt32) throws -> String? {
        let process = Process()
        process.executableURL = CommandRun.distill
        process.arguments = ["run", "tiny.yaml", "--runs", "killed"]
        process.currentDirectoryURL = directory
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        while process.isRunning, !unfinishedStages(in: directory).contains(stage) { usleep(500) }
        usleep(.random(in: 0...patience))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal ? unfinishedStages(in: directory).first : nil
    }

    /// The kinds of the stages that have begun and not ended: those with a work directory.
    private func unfinishedStages(in directory: URL) -> [String] {
        let stages = directory.appending(path: "killed/tiny/stages")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: stages.path)) ?? []
        return names.filter {
            FileManager.default.fileExists(atPath: stages.appending(path: "\($0)/work").path)
        }.map { String($0.prefix { $0 != "-" }) }
    }
}
