import Foundation
import TestSupport
import Testing

/// Faults found, line 4: memory that cannot be had is a message and EX_UNAVAILABLE (69), never a hang or a crash.
@Suite struct MemoryTests {
    /// Runs `distill` with an address space of so many MiB.
    private func limited(_ mebibytes: Int, _ arguments: String, in directory: URL) throws -> CommandRun {
        try CommandRun.run(
            URL(filePath: "/bin/sh"),
            arguments: [
                "-c", "ulimit -v \(mebibytes << 10) && exec \"$0\" \(arguments)", CommandRun.distill.path,
            ], in: directory, timeout: 30)
    }

    private func write(_ recipe: String, in directory: URL) throws {
        try Data("{\"text\": \"Tamsin keeps bees on the hill.\"}\n".utf8)
            .write(to: directory.appending(path: "text.jsonl"))
        try Data(recipe.utf8).write(to: directory.appending(path: "recipe.yaml"))
    }

    private func recipe(_ student: String) -> String {
        """
        name: big
        seed: 1
        teacher: \(packageRoot.appending(path: "data/teacher").path)
        student: \(student)
        stages:
          - train: {corpus: text.jsonl, losses: [{kind: cross_entropy}], steps: 1, batch: {sequences: 1, context: 32}}

        """
    }

    /// OpenBLAS would try for ever to map the buffer that the limit denies it.
    @Test(arguments: [300, 400, 600, 1000])
    func anAddressSpaceWithoutRoomForProducts(mebibytes: Int) throws {
        try withTemporaryDirectory { directory in
            try write(recipe("{layers: 1, width: 16, heads: 2, feed_forward: 32}"), in: directory)
            let run = try limited(mebibytes, "run recipe.yaml", in: directory)
            #expect(!run.timedOut && !run.wasSignalled, "\(run.standardError)")
            // Where there is room after all, the run ends well.
            #expect([0, 69].contains(run.status), "\(run.status): \(run.standardError)")
            if run.status == 69 { #expect(run.standardError.contains("ulimit -v")) }
        }
    }

    @Test func aStudentThatCannotFitIsRefusedBeforeAnyWork() throws {
        try withTemporaryDirectory { directory in
            try write(
                recipe("{layers: 512, width: 16384, heads: 64, feed_forward: 65536}"), in: directory)
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 69 && !run.wasSignalled, "\(run.standardError)")
            #expect(run.standardError.contains("train student needs about"))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "runs").path))
            let dry = try CommandRun.distill("run", "recipe.yaml", "--dry-run", in: directory)
            #expect(dry.status == 0 && dry.standardOutput.contains("warning: train student needs about"))
        }
    }
}
