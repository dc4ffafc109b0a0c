import Foundation
import Support
import Synchronization
import TestSupport
import Testing

@testable import HTTP
@testable import Hub

/// A hub, a cache of its own, and downloads from one to the other.
struct HubFixture {
    let hub: FakeHub
    let cache: URL
    var environment: [String: String] = [:]
    /// Seconds, where no timeout is expected. Tests of other suites can hold up a thread for minutes.
    static let timeout = 1000.0

    /// Runs `body` with a new hub and an empty cache.
    static func run(
        _ files: [String: Data] = FakeHub.checkpoint, _ body: (HubFixture) async throws -> Void
    ) async throws {
        let hub = try FakeHub(files)
        try await withTemporaryDirectory { try await body(HubFixture(hub: hub, cache: $0)) }
    }

    /// What `distill` is run with.
    var variables: [String: String] {
        [
            "HF_ENDPOINT": hub.endpoint, "HF_HUB_CACHE": cache.path, "HF_HOME": cache.path,
            "HF_HUB_DOWNLOAD_TIMEOUT": "\(Int(Self.timeout))",
        ]
        .merging(environment) { $1 }
    }

    func pull(
        _ name: String = FakeHub.repository, timeout: Double = Self.timeout
    ) async throws -> ModelDownload.Result {
        var settings = try HubSettings(environment: variables)
        (settings.retryDelay, settings.timeout) = (0.001, timeout)
        let reference = try #require(try HubReference("hf:" + name))
        let download = ModelDownload(reference, settings: settings)
        return try await onThread { try download.run(progress: { _ in }) }
    }

    /// The message about a download that fails.
    func failure(_ name: String = FakeHub.repository, timeout: Double = Self.timeout) async -> UserError? {
        do {
            _ = try await pull(name, timeout: timeout)
            Issue.record("\(name): nothing was wrong")
        } catch {
            if let error = error as? UserError { return error }
            Issue.record("\(name): \(error)")
        }
        return nil
    }

    func content(_ name: String, commit: String = FakeHub.commit) throws -> Data {
        try Data(contentsOf: cache.appending(path: "models--tiny--model/snapshots/\(commit)/\(name)"))
    }

    var blobs: [String] {
        let folder = cache.appending(path: "models--tiny--model/blobs")
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}

@Suite struct DownloadTests {
    @Test func onlyWhatIsReadIsDownloadedAndNamedAsHuggingfaceHubNamesIt() async throws {
        try await HubFixture.run { fixture in
            let result = try await fixture.pull()
            let files = [
                "additional_chat_templates/tools.jinja", "config.json", "model.safetensors", "tokenizer.json",
            ]
            #expect(result.files.map(\.name).sorted() == files)
            for name in files { #expect(try fixture.content(name) == FakeHub.checkpoint[name]) }
            let folder = fixture.cache.appending(path: "models--tiny--model")
            #expect(
                try String(contentsOf: folder.appending(path: "refs/main"), encoding: .utf8) == FakeHub.commit
            )
            let weights = Fingerprint(of: FakeHub.checkpoint["model.safetensors"]!).hexadecimal
            let config = FakeHub.gitHash(FakeHub.checkpoint["config.json"]!)
            #expect(fixture.blobs.contains(weights) && fixture.blobs.contains(config))
            #expect(fixture.blobs.count == 4)
            for (name, target) in [
                ("config.json", "../../blobs/\(config)"), ("model.safetensors", "../../blobs/\(weights)"),
            ] {
                let link = folder.appending(path: "snapshots/\(FakeHub.commit)/\(name)").path
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
            }
            let locator = ModelLocator(environment: fixture.variables)
            #expect(try locator.find("hf:tiny/model") == .cached(result.url))
        }
    }

    @Test func whatIsThereIsNotDownloadedAgain() async throws {
        try await HubFixture.run { fixture in
            let first = try await fixture.pull()
            #expect(first.downloaded > 300_000)
            let before = fixture.hub.requests.count
            let second = try await fixture.pull()
            #expect(second.downloaded == 0)
            #expect(fixture.hub.requests.count == before + 1)
        }
    }

    @Test func aDownloadThatBreaksOffIsContinued() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { $0.cut = 70_000 }
            let result = try await fixture.pull()
            #expect(result.downloaded > 300_000)
            #expect(try fixture.content("model.safetensors") == FakeHub.checkpoint["model.safetensors"])
            let ranges = fixture.hub.requests.filter(\.isStorage).compactMap(\.range)
            #expect(ranges == ["bytes=70000-", "bytes=140000-", "bytes=210000-", "bytes=280000-"])
        }
    }

    @Test func whatAKilledProcessLeftIsContinued() async throws {
        try await HubFixture.run { fixture in
            let weights = FakeHub.checkpoint["model.safetensors"]!
            let blobs = fixture.cache.appending(path: "models--tiny--model/blobs")
            try FileManager.default.createDirectories(at: blobs)
            let hash = Fingerprint(of: weights).hexadecimal
            try weights.prefix(123_456).write(to: blobs.appending(path: "\(hash).incomplete"))
            _ = try await fixture.pull()
            #expect(fixture.hub.requests.compactMap(\.range) == ["bytes=123456-"])
            #expect(try fixture.content("model.safetensors") == weights)
        }
    }

    @Test func aDamagedRestIsDownloadedFromTheBeginning() async throws {
        try await HubFixture.run { fixture in
            let weights = FakeHub.checkpoint["model.safetensors"]!
            let blobs = fixture.cache.appending(path: "models--tiny--model/blobs")
            try FileManager.default.createDirectories(at: blobs)
            let name = "\(Fingerprint(of: weights).hexadecimal).incomplete"
            for rest in [
                Data(repeating: 0, count: 1000), Data(repeating: 0, count: 300_000), weights + Data([0]),
            ] {
                try? FileManager.default.removeItem(
                    at: fixture.cache.appending(path: "models--tiny--model/snapshots"))
                for blob in fixture.blobs {
                    try FileManager.default.removeItem(at: blobs.appending(path: blob))
                }
                try rest.write(to: blobs.appending(path: name))
                _ = try await fixture.pull()
                #expect(try fixture.content("model.safetensors") == weights)
            }
        }
    }

    @Test func aServerWithoutRangesSendsTheFileFromItsBeginning() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.ignoresRanges = true
                state.cut = 250_000
            }
            let error = await fixture.failure()
            #expect(error?.status == .unavailable)
            fixture.hub.change { $0.cut = nil }
            _ = try await fixture.pull()
            #expect(try fixture.content("model.safetensors") == FakeHub.checkpoint["model.safetensors"])
        }
    }

    @Test func aPartThatWasNotAskedForIsNotWritten() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.cut = 100_000
                state.answer = { request in
                    guard request.range != nil else { return nil }
                    return HTTPResponse(
                        206, headers: ["Content-Range": "bytes 0-199999/300000"],
                        body: Data(count: 200_000))
                }
            }
            let error = await fixture.failure()
            #expect(error?.problem.contains("does not go on") == true, "\(String(describing: error))")
            fixture.hub.change { $0.answer = { _ in nil } }
            _ = try await fixture.pull()
            #expect(try fixture.content("model.safetensors") == FakeHub.checkpoint["model.safetensors"])
        }
    }

    @Test func aWrongChecksumIsRefusedAndNothingKept() async throws {
        try await HubFixture.run { fixture in
            let wrong = FakeHub.bytes(300_000).map { ~$0 }
            fixture.hub.change { state in
                state.answer = { $0.isStorage ? HTTPResponse(200, body: Data(wrong)) : nil }
            }
            let error = await fixture.failure()
            #expect(error?.problem.contains("checksum") == true)
            #expect(error?.status == .dataFormat)
            #expect(fixture.blobs.count == 3 && !fixture.blobs.contains { $0.hasSuffix(".incomplete") })
            let locator = ModelLocator(environment: fixture.variables)
            let missing = ModelLocator.Location.missing(HubReference(repository: "tiny/model"))
            let location = try locator.find("hf:tiny/model")
            #expect(location == missing)
        }
    }

    @Test func aTokenIsSentToTheHubAndNowhereElse() async throws {
        try await HubFixture.run { fixture in
            var fixture = fixture
            fixture.environment["HF_TOKEN"] = "hf_secret"
            _ = try await fixture.pull()
            let (storage, hub) = (
                fixture.hub.requests.filter(\.isStorage), fixture.hub.requests.filter { !$0.isStorage }
            )
            #expect(!storage.isEmpty && storage.allSatisfy { $0.authorization == nil })
            #expect(hub.count > 5 && hub.allSatisfy { $0.authorization == "Bearer hf_secret" })
        }
    }

    @Test func shardsAreThoseOfTheIndex() async throws {
        let index =
            #"{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#
        let files = [
            "config.json": Data("{}".utf8), "model.safetensors.index.json": Data(index.utf8),
            "model-00001-of-00002.safetensors": FakeHub.bytes(10_000),
            "model-00002-of-00002.safetensors": FakeHub.bytes(20_000),
            "consolidated.safetensors": FakeHub.bytes(30_000), "original/model.safetensors": Data("x".utf8),
        ]
        try await HubFixture.run(files) { fixture in
            let names = try await fixture.pull().files.map(\.name)
            #expect(
                names == [
                    "config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                    "model-00002-of-00002.safetensors",
                ])
        }
    }

    @Test func aGGUFFileComesWithItsParts() async throws {
        let files = [
            "q/m-00001-of-00002.gguf": FakeHub.bytes(10_000),
            "q/m-00002-of-00002.gguf": FakeHub.bytes(20_000),
            "other.gguf": FakeHub.bytes(5000),
        ]
        try await HubFixture.run(files) { fixture in
            let result = try await fixture.pull("tiny/model:q/m-00001-of-00002.gguf")
            #expect(result.url.lastPathComponent == "m-00001-of-00002.gguf")
            #expect(result.files.map(\.name) == ["q/m-00001-of-00002.gguf", "q/m-00002-of-00002.gguf"])
            #expect(try fixture.content("q/m-00002-of-00002.gguf") == files["q/m-00002-of-00002.gguf"])
        }
    }

    @Test func aRevisionIsABranchATagOrACommit() async throws {
        try await HubFixture.run { fixture in
            let other = "fedcba9876543210fedcba9876543210fedcba98"
            let files = FakeHub.checkpoint.merging(["config.json": Data(#"{"model_type": "gemma"}"#.utf8)]) {
                $1
            }
            fixture.hub.change { state in
                state.revisions["refs/pr/1"] = (other, files)
                state.revisions[other] = (other, files)
            }
            _ = try await fixture.pull()
            let result = try await fixture.pull("tiny/model@refs/pr/1")
            #expect(result.commit == other)
            #expect(try fixture.content("config.json", commit: other) == files["config.json"])
            // Files that are alike are there once.
            #expect(fixture.blobs.count == 5)
            let refs = fixture.cache.appending(path: "models--tiny--model/refs")
            #expect(try String(contentsOf: refs.appending(path: "refs/pr/1"), encoding: .utf8) == other)
            _ = try await fixture.pull("tiny/model@\(other)")
            #expect(!FileManager.default.fileExists(atPath: refs.appending(path: other).path))
            let locator = ModelLocator(environment: fixture.variables)
            #expect(try locator.find("tiny/model@refs/pr/1") == locator.find("tiny/model@\(other)"))
        }
    }

    @Test func aMovedBranchIsAnotherSnapshot() async throws {
        try await HubFixture.run { fixture in
            let first = try await fixture.pull().url
            let other = "fedcba9876543210fedcba9876543210fedcba98"
            fixture.hub.change { $0.revisions["main"] = (other, FakeHub.checkpoint) }
            let locator = ModelLocator(environment: fixture.variables)
            #expect(try locator.find("tiny/model") == .cached(first))
            let result = try await fixture.pull()
            #expect(result.downloaded == 0)
            guard case .cached(let second) = try locator.find("tiny/model") else { throw CancellationError() }
            #expect(second.lastPathComponent == other)
        }
    }

    @Test func aRenamedRepositoryIsFollowed() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.answer = { request in
                    guard request.path.contains("old/name") else { return nil }
                    let path = request.path.replacing("old/name", with: "tiny/model")
                    return HTTPResponse(307, "Moved", headers: ["Location": path])
                }
            }
            let result = try await fixture.pull("old/name")
            #expect(result.url.path.contains("models--old--name/snapshots/\(FakeHub.commit)"))
        }
    }

    @Test func requestsAreSentAgainWhenTheServerIsBusy() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                nonisolated(unsafe) var count = 0
                state.answer = { _ in
                    count += 1
                    return count % 3 == 0 ? nil : FakeHub.refusal([429, 503, 500][count % 3], nil)
                }
            }
            _ = try await fixture.pull()
            #expect(try fixture.content("model.safetensors") == FakeHub.checkpoint["model.safetensors"])
        }
    }

    @Test func twoDownloadsAtOnceTransferAFileOnce() async throws {
        try await HubFixture.run { fixture in
            async let one = fixture.pull()
            async let two = fixture.pull()
            let (first, second) = try await (one, two)
            #expect(first.url == second.url)
            #expect(fixture.hub.requests.filter(\.isStorage).count == 1)
            #expect(fixture.blobs.count == 4)
        }
    }

    /// A busy disk holds up the server, and loses nothing.
    @Test func anAnswerThatIsFasterThanTheDiskWaitsForIt() async throws {
        let file = FakeHub.bytes(12 << 20)
        try await HubFixture.run(["a.gguf": file]) { fixture in
            let address = "\(fixture.hub.storageEndpoint)/stored/\(Fingerprint(of: file).hexadecimal)"
            let request = HTTP.HTTPRequest(try #require(URL(string: address)))
            let received = try await onThread {
                let received = Mutex(Data())
                try HTTPSession(timeout: HubFixture.timeout).send(request) { part in
                    if received.withLock({ $0.isEmpty }) { Thread.sleep(forTimeInterval: 0.5) }
                    received.withLock { $0 += part }
                }
                return received.withLock { $0 }
            }
            #expect(received == file)
        }
    }

    /// A request is broken off while nothing arrives, and others go on.
    @Test func anExchangeIsBrokenOffAtOnce() async throws {
        try await HubFixture.run(["a.gguf": FakeHub.bytes(1 << 20)]) { fixture in
            fixture.hub.change { state in
                state.answer = {
                    $0.path == "/silent"
                        ? HTTPResponse(200, headers: ["Content-Length": "9"], ending: .stalled)
                        : HTTPResponse(200)
                }
            }
            let session = HTTPSession(timeout: HubFixture.timeout)
            func request(_ path: String) throws -> HTTP.HTTPRequest {
                HTTP.HTTPRequest(try #require(URL(string: fixture.hub.storageEndpoint + path)))
            }
            let (silent, other) = (try request("/silent"), try request("/other"))
            let (exchange, status) = try await onThread {
                let exchange = session.begin(silent) { _ in }
                let status = try session.send(other) { _ in }.status
                exchange.cancel(.timedOut)
                exchange.wait()
                return (exchange, status)
            }
            let failure = #expect(throws: HTTPFailure.self) { try exchange.result() }
            #expect(failure == .timedOut && status == 200)
        }
    }

    @Test func theBeginningOfAnAnswerIsRead() throws {
        let url = try #require(URL(string: "http://h"))
        var head = ReplyHead()
        let lines = [
            "HTTP/1.1 100 Continue\r\n", "X-A: early\r\n", "\r\n", "HTTP/2 200 \r\n", "X-B:  first \r\n",
            "x-b: second\r\n", "no field\r\n",
        ]
        for line in lines {
            let reply = head.add(Array(line.utf8), to: url)
            #expect(reply == nil)
        }
        let whole = head.add(Array("\r\n".utf8), to: url)
        let reply = try #require(whole)
        #expect(reply.status == 200 && reply["X-B"] == "first" && reply["x-a"] == nil)
        for line in ["X-Trailer: 1\r\n", "\r\n"] {
            let more = head.add(Array(line.utf8), to: url)
            #expect(more == nil)
        }
    }
}
