import Foundation
import TestSupport
import Testing

/// Faults found, line 21: messages name what is wrong, and their advice leads out.
@Suite struct MisleadingMessageTests {
    @Test func whatIsNotThereIsNoUnfinishedCache() throws {
        let run = try CommandRun.distill("inspect", "/no/such/thing")
        #expect(run.status == 66 && run.standardError.contains("/no/such/thing: no such file or directory"))
    }

    @Test func aDirectoryThatMayNotBeReadIsNoUnfinishedCache() throws {
        try withTemporaryDirectory { directory in
            let closed = directory.appending(path: "closed")
            try FileManager.default.createDirectory(at: closed, withIntermediateDirectories: false)
            // Root may read everything, but nobody finds anything below a file or by a name that is too long.
            let path: String
            if getuid() == 0 {
                path = "closed/" + String(repeating: "x", count: 300)
            } else {
                chmod(closed.path, 0)
                path = "closed"
            }
            let run = try CommandRun.distill("inspect", path, in: directory)
            chmod(closed.path, 0o700)
            #expect([66, 77].contains(run.status))
            #expect(!run.standardError.contains("is not a finished signal cache"), "\(run.standardError)")
            #expect(run.standardError.contains("cannot inspect: "), "\(run.standardError)")
        }
    }

    @Test func alternativesThatAreWrittenAlikeAreNamedOnce() throws {
        try withSmallModel { directory in
            let file = directory.appending(path: "model/config.json")
            var config = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            config["rope_scaling"] = ["rope_type": "linear", "factor": 2, "partial_rotary_factor": 0.5]
            try JSONSerialization.data(withJSONObject: config).write(to: file)
            let run = try CommandRun.distill("inspect", "model", in: directory)
            #expect(run.status == 65 && !run.standardError.contains("1 or 1"), "\(run.standardError)")
        }
    }

    /// Before, the advice was to label again, and the run found the stage finished and failed again.
    @Test func theAdviceOnADamagedShardLeadsOut() throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            func recipe(steps: Int) -> String {
                """
                name: tiny
                teacher: ./teacher
                student: {layers: 1, width: 32, heads: 2, feed_forward: 64, context: 64}
                stages:
                  - label: {corpus: prompts.jsonl, loss_on: all, context: 64, to: signals}
                  - train:
                      corpus: prompts.jsonl
                      loss_on: all
                      signals: signals
                      losses: [{kind: forward_kl}]
                      batch: {sequences: 4, context: 64}
                      steps: \(steps)
                      to: student
                """
            }
            try Data(recipe(steps: 2).utf8).write(to: tiny.recipe)
            let first = try CommandRun.distill("run", "tiny.yaml", in: directory)
            try #require(first.status == 0, "\(first.standardError)")
            let shard = directory.appending(path: "runs/tiny/signals/shard-00000.safetensors")
                .resolvingSymlinksInPath()
            var data = try Data(contentsOf: shard)
            data[data.count - 5] ^= 1
            try data.write(to: shard)
            try Data(recipe(steps: 3).utf8).write(to: tiny.recipe)
            let damaged = try CommandRun.distill("run", "tiny.yaml", in: directory)
            if damaged.status != 0 {
                #expect(damaged.status == 65)
                let advice = try #require(
                    damaged.standardError.firstMatch(of: /delete (runs\/tiny\/stages\/[^ ]+) and run/))
                try FileManager.default.removeItem(at: directory.appending(path: String(advice.1)))
                let again = try CommandRun.distill("run", "tiny.yaml", in: directory)
                #expect(again.status == 0, "\(again.standardError)")
            }
        }
    }
}
