import Foundation
import TestSupport
import Testing

@Suite struct LabelAndInspectTests {
    private func withCorpus(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let chats = (0..<20).map {
                #"{"prompt":"where is the key \#($0)","completion":"the key is in the red hall"}"#
            }
            try Data((chats.joined(separator: "\n") + "\n").utf8)
                .write(to: directory.appending(path: "corpus.jsonl"))
            try body(directory)
        }
    }

    private func label(_ directory: URL, _ options: String...) throws -> CommandRun {
        let arguments = ["label", "teacher", "--corpus", "corpus.jsonl", "--output", "signals"] + options
        return try CommandRun.run(CommandRun.distill, arguments: arguments, in: directory)
    }

    @Test func aCacheIsDescribedAndVerified() throws {
        try withCorpus { directory in
            #expect(try label(directory, "--head", "4", "--draws", "16", "--seed", "3").status == 0)
            let report = try CommandRun.distill("inspect", "signals", "--verify", "--json", in: directory)
                .json()
            #expect(try report.number("records") == 20)
            #expect(try report.number("shards") == 1)
            #expect(try report.number("temperature") == 1)
            #expect(try report.number("seed") == 3)
            let (bytes, positions) = (try report.number("bytes"), try report.number("positions"))
            #expect(abs(try report.number("bytes_per_position") - bytes / positions) < 1e-6)
            #expect(report["kind"] as? String == "sampled (head 4, draws 16)")
            #expect(report["teacher"] as? String == "teacher")
            #expect((report["teacher_fingerprint"] as? String)?.count == 64)
            #expect((report["tokenizer_fingerprint"] as? String)?.count == 64)
            let check = try #require(report["verification"] as? [String: Any])
            #expect(try check.number("records") == 20)
            // 16-bit codes: 0.017 % of a probability.
            #expect(try check.number("largest_error") < 2e-4)
            #expect(try check.number("mass_error") < 2e-4)
            #expect(try check.number("kl_full_decoded") > -1e-6)
            let table = try CommandRun.distill("inspect", "signals", in: directory)
            #expect(table.status == 0 && table.standardOutput.contains("labelled positions"))
        }
    }

    @Test func hiddenStatesAreKept() throws {
        try withCorpus { directory in
            #expect(try label(directory, "--hidden", "1", "2").status == 0)
            let report = try CommandRun.distill("inspect", "signals", "--json", in: directory).json()
            #expect(report["hidden"] as? [Int] == [1, 2])
            // Two layers of 64 values of 2 bytes.
            #expect(try report.number("bytes_per_position") > 256)
            let other = try label(directory)
            #expect(
                other.status == 73 && other.standardError.contains("hidden states"), "\(other.standardError)")
            let absent = try CommandRun.distill(
                "label", "teacher", "--corpus", "corpus.jsonl", "--output", "out", "--hidden", "3",
                in: directory)
            #expect(
                absent.status == 78 && absent.standardError.contains("layer 3"), "\(absent.standardError)")
        }
    }

    @Test func labellingAgainChangesNothing() throws {
        try withCorpus { directory in
            let shard = directory.appending(path: "signals/shard-00000.safetensors")
            #expect(try label(directory).status == 0)
            let first = try Data(contentsOf: shard)
            #expect(try label(directory).status == 0)
            #expect(try Data(contentsOf: shard) == first)
            // Without its manifest a cache is unfinished; labelling finishes it, to the same bytes.
            try FileManager.default.removeItem(at: directory.appending(path: "signals/manifest.json"))
            let unfinished = try CommandRun.distill("inspect", "signals", in: directory)
            #expect(unfinished.status == 66, "\(unfinished.standardError)")
            #expect(try label(directory).status == 0)
            #expect(try Data(contentsOf: shard) == first)
            #expect(try CommandRun.distill("inspect", "signals", in: directory).status == 0)
        }
    }

    @Test func otherSignalsAreNotMixedIn() throws {
        try withCorpus { directory in
            #expect(try label(directory).status == 0)
            let other = try label(directory, "--kind", "top_k", "--k", "5")
            #expect(other.status == 73)
            #expect(other.standardError.contains("top_k (k 5)"), "\(other.standardError)")
            #expect(other.standardError.contains("sampled (head 8, draws 64)"), "\(other.standardError)")
        }
    }

    @Test func onlyTheTeacherItselfVerifiesACache() throws {
        try withCorpus { directory in
            #expect(try label(directory, "--kind", "top_k", "--k", "320").status == 0)
            let whole = try CommandRun.distill("inspect", "signals", "--verify", "--json", in: directory)
                .json()
            let check = try #require(whole["verification"] as? [String: Any])
            // All tokens are kept, so only the rounding of 16-bit codes is left.
            #expect(try check.number("kl_full_decoded") < 1e-3)
            #expect(try check.number("gradient_angle") < 1)

            try withTemporaryDirectory { elsewhere in
                _ = try TinyTeacher(in: elsewhere)
                let config = elsewhere.appending(path: "teacher/generation_config.json")
                try Data("{}".utf8).write(to: config)
                let run = try CommandRun.distill(
                    "inspect", "signals", "--verify", "--teacher", elsewhere.appending(path: "teacher").path,
                    in: directory)
                #expect(run.status == 78, "\(run.standardError)")
                #expect(run.standardError.contains("fingerprint"))
            }
            try FileManager.default.moveItem(
                at: directory.appending(path: "teacher"), to: directory.appending(path: "moved"))
            let lost = try CommandRun.distill("inspect", "signals", "--verify", in: directory)
            #expect(lost.status == 66 && lost.standardError.contains("--teacher"), "\(lost.standardError)")
            let found = try CommandRun.distill(
                "inspect", "signals", "--verify", "--teacher", "moved", "--records", "3", "--json",
                in: directory)
            let small = try #require(try found.json()["verification"] as? [String: Any])
            #expect(try small.number("records") == 3)
        }
    }

    @Test func aCheckpointIsDescribed() throws {
        try withCorpus { directory in
            let report = try CommandRun.distill("inspect", "teacher", "--json", in: directory).json()
            let shape = try #require(report["shape"] as? [String: Any])
            #expect(try shape.number("layers") == 2)
            #expect(try shape.number("width") == 64)
            #expect(try report.number("bytes") > 4 * report.number("parameters"))
            #expect(report["has_template"] as? Bool == true)
            #expect((report["tokenizer"] as? String)?.hasPrefix("bpe") == true)
            let run = try CommandRun.distill("inspect", "teacher", "--verify", in: directory)
            #expect(run.status == 64)
        }
    }

    @Test func damagedShardsAreRefused() throws {
        try withCorpus { directory in
            #expect(try label(directory).status == 0)
            let shard = directory.appending(path: "signals/shard-00000.safetensors")
            let sound = try Data(contentsOf: shard)
            var flipped = sound
            flipped[sound.count / 2] ^= 4
            var huge = sound
            huge.replaceSubrange(0..<8, with: withUnsafeBytes(of: UInt64(1 << 60).littleEndian) { Data($0) })
            for (name, data) in [("truncated", sound.prefix(100)), ("flipped", flipped), ("huge", huge)] {
                try data.write(to: shard)
                let run = try CommandRun.distill("inspect", "signals", in: directory)
                #expect(run.status == 65, "\(name): \(run.standardError)")
                #expect(
                    run.standardError.contains("shard-00000.safetensors"), "\(name): \(run.standardError)")
                #expect(run.standardOutput.isEmpty)
            }
            try FileManager.default.removeItem(at: shard)
            #expect(try CommandRun.distill("inspect", "signals", in: directory).status == 66)
            try Data("{}".utf8).write(to: directory.appending(path: "signals/manifest.json"))
            let run = try CommandRun.distill("inspect", "signals", in: directory)
            #expect(run.status == 65 && run.standardError.contains("manifest.json"), "\(run.standardError)")
        }
    }
}
