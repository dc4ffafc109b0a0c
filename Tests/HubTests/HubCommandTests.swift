import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

/// The command as a process, with a hub that has data/teacher.
@Suite struct HubCommandTests {
    private static func teacher() throws -> [String: Data] {
        let folder = packageRoot.appending(path: "data/teacher")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: folder.appending(path: $0))) })
    }

    /// Runs `body` with the hub and a directory that is neither the cache nor holds anything.
    private func withHub(_ body: (HubFixture, URL) async throws -> Void) async throws {
        try await HubFixture.run(try Self.teacher()) { fixture in
            try await withTemporaryDirectory { try await body(fixture, $0) }
        }
    }

    private func distill(
        _ arguments: String..., fixture: HubFixture, in directory: URL, _ environment: [String: String] = [:]
    ) async throws -> CommandRun {
        let variables = fixture.variables.merging(environment) { $1 }
        return try await onThread {
            try CommandRun.run(
                CommandRun.distill, arguments: arguments, in: directory, environment: variables,
                timeout: HubFixture.timeout)
        }
    }

    @Test func pullPrintsWhereTheSnapshotIs() async throws {
        try await withHub { fixture, directory in
            let run = try await distill("pull", "tiny/model", "--json", fixture: fixture, in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(run.standardOutput.utf8)) as? [String: Any])
            let path = fixture.cache.path + "/models--tiny--model/snapshots/" + FakeHub.commit
            #expect((object["path"] as? String)?.hasPrefix(path) == true)
            #expect(object["commit"] as? String == FakeHub.commit)
            #expect((object["downloaded_bytes"] as? Int ?? 0) > 10_000_000)
            #expect(run.standardError.contains("MB"), "\(run.standardError)")
            let again = try await distill("pull", "hf:tiny/model", "-q", fixture: fixture, in: directory)
            #expect(again.standardOutput == path + "\n" && again.standardError.isEmpty)
        }
    }

    @Test func aKilledPullIsContinued() async throws {
        try await withHub { fixture, directory in
            fixture.hub.change { $0.stall = 3_000_000 }
            let variables = fixture.variables
            let blobs = fixture.cache.appending(path: "models--tiny--model/blobs")
            try await onThread {
                let process = Process()
                process.executableURL = CommandRun.distill
                process.arguments = ["pull", "tiny/model"]
                process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
                (process.standardOutput, process.standardError) = (
                    FileHandle.nullDevice, FileHandle.nullDevice
                )
                try withDefaultSignals { try process.run() }
                while process.isRunning, Self.unfinishedBytes(in: blobs) < 3_000_000 { usleep(10_000) }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(process.terminationReason == .uncaughtSignal)
            }
            #expect(Self.unfinishedBytes(in: blobs) == 3_000_000)
            let before = try await distill(
                "chat", "tiny/model", "-p", "x", fixture: fixture, in: directory, ["HF_HUB_OFFLINE": "1"])
            #expect(before.status == 66 && before.standardError.contains("not in the cache"))
            fixture.hub.change { $0.stall = nil }
            let run = try await distill("pull", "tiny/model", fixture: fixture, in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            #expect(fixture.hub.requests.compactMap(\.range) == ["bytes=3000000-"])
            #expect(try fixture.content("model.safetensors") == Self.teacher()["model.safetensors"])
            #expect(Self.unfinishedBytes(in: blobs) == 0)
        }
    }

    private static func unfinishedBytes(in blobs: URL) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: blobs.path)) ?? []
        return names.filter { $0.hasSuffix(".incomplete") }.reduce(0) { total, name in
            let path = blobs.appending(path: name).path
            return total + ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0)
        }
    }

    @Test func commandsDownloadWhatTheCacheLacksAndThenNeedNoNetwork() async throws {
        try await withHub { fixture, directory in
            let question = "Where does Aunt Noda live?"
            let arguments = ["tiny/model", "-p", question, "--temperature", "0", "--max-new-tokens", "12"]
            func chat(_ environment: [String: String]) async throws -> CommandRun {
                let variables = fixture.variables.merging(environment) { $1 }
                return try await onThread {
                    try CommandRun.run(
                        CommandRun.distill, arguments: ["chat"] + arguments, in: directory,
                        environment: variables, timeout: HubFixture.timeout)
                }
            }
            let first = try await chat([:])
            #expect(first.status == 0 && !first.standardOutput.isEmpty, "\(first.standardError)")
            let offline = try await chat(["HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"])
            #expect(offline.standardOutput == first.standardOutput && offline.standardError.isEmpty)
            for command in [["inspect"], ["tokenizer", "inspect"]] {
                let run = try await onThread { [variables = fixture.variables] in
                    try CommandRun.run(
                        CommandRun.distill, arguments: command + ["tiny/model"], in: directory,
                        environment: variables)
                }
                #expect(run.status == 0, "\(run.standardError)")
            }
        }
    }

    @Test func refusalsHaveTheirExitCodes() async throws {
        try await withHub { fixture, directory in
            let missing = try await distill("chat", "other/model", "-p", "x", fixture: fixture, in: directory)
            #expect(missing.status == 66)
            #expect(
                missing.standardError.contains("no such file or directory, and no such model on 127.0.0.1"))
            let tag = try await distill(
                "chat", "tiny/model:Q4_K_M", "-p", "x", fixture: fixture, in: directory)
            #expect(tag.status == 66 && tag.standardError.contains("NAME:FILE.gguf"), "\(tag.standardError)")
            fixture.hub.change { $0.answer = { _ in FakeHub.refusal(403, "GatedRepo") } }
            let gated = try await distill("pull", "tiny/model", fixture: fixture, in: directory)
            #expect(gated.status == 77 && gated.standardError.split(separator: "\n").count == 1)
            for arguments in [
                ["a/b/c"], ["tiny/model@v1", "--revision", "v2"], ["tiny/model", "--revision", ".."],
            ] {
                let run = try await onThread {
                    try CommandRun.run(CommandRun.distill, arguments: ["pull"] + arguments, in: directory)
                }
                #expect(run.status == 64, "\(arguments): \(run.standardError)")
            }
        }
    }

    private static let recipe = """
        name: by-name
        teacher: tiny/model
        stages:
          - convert: {model: teacher, to: converted}
        """

    @Test func aRecipeNamesItsTeacher() async throws {
        try await withHub { fixture, directory in
            try Data(Self.recipe.utf8).write(to: directory.appending(path: "r.yaml"))
            for arguments in [["validate", "r.yaml"], ["run", "r.yaml", "--dry-run"]] {
                let run = try await onThread { [variables = fixture.variables] in
                    try CommandRun.run(
                        CommandRun.distill, arguments: arguments, in: directory, environment: variables)
                }
                #expect(run.status == 66 && run.standardOutput.isEmpty)
                let lines = run.standardError.split(separator: "\n")
                #expect(lines.count == 1 && lines[0].hasPrefix("r.yaml:2:10: tiny/model: "), "\(lines)")
                #expect(run.standardError.contains("distill pull tiny/model"))
            }
            #expect(fixture.hub.requests.isEmpty)

            let first = try await distill("run", "r.yaml", fixture: fixture, in: directory)
            #expect(first.status == 0, "\(first.standardError)")
            #expect(first.standardOutput.contains("1 stages done, 0 reused"))
            let valid = try await distill("validate", "r.yaml", fixture: fixture, in: directory)
            #expect(valid.status == 0)

            // Another tool's files in the snapshot are not the teacher's.
            let snapshot = fixture.cache.appending(path: "models--tiny--model/snapshots/\(FakeHub.commit)")
            try Data("text".utf8).write(to: snapshot.appending(path: "README.md"))
            let second = try await distill("run", "r.yaml", fixture: fixture, in: directory)
            #expect(second.standardOutput.contains("0 stages done, 1 reused"), "\(second.standardOutput)")

            // A branch that has moved is another teacher, once it is pulled.
            var files = try Self.teacher()
            files["generation_config.json"] = Data(#"{"eos_token_id": 2, "do_sample": true}"#.utf8)
            fixture.hub.change { [files] in
                $0.revisions["main"] = ("fedcba9876543210fedcba9876543210fedcba98", files)
            }
            let third = try await distill("run", "r.yaml", fixture: fixture, in: directory)
            #expect(third.standardOutput.contains("0 stages done, 1 reused"))
            _ = try await distill("pull", "tiny/model", fixture: fixture, in: directory)
            let fourth = try await distill("run", "r.yaml", fixture: fixture, in: directory)
            #expect(fourth.standardOutput.contains("1 stages done, 0 reused"), "\(fourth.standardOutput)")
        }
    }

    @Test func aRecipeWithOtherProblemsDownloadsNothing() async throws {
        try await withHub { fixture, directory in
            let text = Self.recipe + "\n  - convert: {model: teacher, type: q9, to: b}\n"
            try Data(text.utf8).write(to: directory.appending(path: "r.yaml"))
            let run = try await distill("run", "r.yaml", fixture: fixture, in: directory)
            #expect(run.status == 78, "\(run.standardError)")
            #expect(run.standardError.contains("2 problems") && fixture.hub.requests.isEmpty)
        }
    }
}
