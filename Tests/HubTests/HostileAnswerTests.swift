import Foundation
import Support
import TestSupport
import Testing

@testable import HTTP
@testable import Hub

/// Answers damaged at random: each is read, or refused with one message.
@Suite struct HostileAnswerTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["DISTILL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 5000

    private static let listing = Data(
        """
        {"_id": "1", "sha": "\(FakeHub.commit)", "gated": false, "siblings": [{"rfilename": "config.json", "size": 22,
        "blobId": "\(FakeHub.commit)"}, {"rfilename": "model.safetensors", "size": 300000, "lfs": {"sha256": "ab", "size": 300000}},
        {"rfilename": "a/b.gguf"}], "tags": ["x"]}
        """.utf8)

    @Test func damagedListingsAreReadOrRefused() throws {
        var mutator = FileMutator(seed: 5)
        let tree = try #require(JSONRanges(Array(Self.listing)))
        var read = 0
        for round in 0..<Self.rounds {
            let bytes =
                round % 2 == 0
                ? mutator.damaged(Array(Self.listing)) : mutator.damagedValues(Array(Self.listing), tree)
            do {
                let listing = try RepositoryListing(Data(bytes))
                #expect(HubReference.isCommit(listing.commit))
                #expect(listing.names.allSatisfy { HubReference.isRelativePath($0) })
                read += 1
                let selection = RepositorySelection(listing, for: HubReference(repository: "tiny/model"))
                _ = try? selection.first()
            } catch let error as UserError {
                #expect(!error.description.contains("\n"))
            }
        }
        #expect((1..<Self.rounds).contains(read))
    }

    @Test func damagedHeaderFieldsAreReadOrRefused() throws {
        let sound = [
            "X-Repo-Commit": FakeHub.commit, "X-Linked-Etag": "\"\(FakeHub.commit)\"",
            "X-Linked-Size": "300000",
            "Location": "https://cdn.example/x?y=z", "ETag": "W/\"abc\"", "Content-Length": "12",
            "Content-Range": "bytes 5-9/10", "Retry-After": "5",
        ]
        let url = URL(string: "http://127.0.0.1/x")!
        var mutator = FileMutator(seed: 6)
        var random = RandomStream(seed: 7, purpose: "fields")
        var read = 0
        for _ in 0..<Self.rounds {
            var fields = sound
            for name in fields.keys.sorted() where random.nextIndex(below: 3) == 0 {
                fields[name] = String(decoding: mutator.damaged(Array(sound[name]!.utf8)), as: UTF8.self)
            }
            let reply = HTTPReply(url: url, status: [200, 302][random.nextIndex(below: 2)], fields: fields)
            _ = (reply.rangeStart, reply.count("retry-after"))
            do {
                let metadata = try FileMetadata(reply, commit: FakeHub.commit)
                #expect(metadata.size >= 0 && HubReference.isRelativePath(metadata.etag))
                #expect(!metadata.etag.contains("/") && !metadata.etag.contains("."))
                #expect(["http", "https"].contains(metadata.location.scheme?.lowercased()))
                read += 1
            } catch let error as UserError {
                #expect(!error.description.contains("\n"))
            }
        }
        #expect((1..<Self.rounds).contains(read))
    }

    @Test func damagedIndexesAndNamesAreReadOrRefused() throws {
        let index = Array(
            #"{"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#.utf8)
        let names = ["tiny/model@refs/pr/1:a/b-00001-of-00002.gguf", "hf:gpt2", "hf://a/b@main"]
        let tree = try #require(JSONRanges(index))
        var mutator = FileMutator(seed: 8)
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "index.json")
            for round in 0..<Self.rounds {
                if round % 10 == 0 {
                    let bytes =
                        round % 20 == 0 ? mutator.damaged(index) : mutator.damagedValues(index, tree)
                    try Data(bytes).write(to: file)
                    do {
                        let shards = try CheckpointContents.shards(inIndexAt: file)
                        #expect(shards.allSatisfy { !$0.contains("/") && $0 != ".." })
                    } catch is UserError {}
                }
                let text = String(
                    decoding: mutator.damaged(Array(names[round % names.count].utf8)), as: UTF8.self)
                guard let reference = try? HubReference(text) else { continue }
                let path = HubCache(root: directory).folder(of: reference.repository).path
                #expect(
                    path.hasPrefix(directory.path + "/models--")
                        && !path.dropFirst(directory.path.count + 1).contains("/"))
                #expect(HubReference.isRelativePath(reference.revision ?? "main"))
            }
        }
    }

    /// The same through a server, in the answers that a whole download has.
    @Test func damagedAnswersOfAServerEndInOneMessage() async throws {
        try await HubFixture.run { fixture in
            let files = FakeHub.checkpoint
            var failures = 0
            for round in 0..<300 {
                nonisolated(unsafe) var mutator = FileMutator(seed: UInt64(round))
                nonisolated(unsafe) var random = RandomStream(seed: UInt64(round), purpose: "server")
                fixture.hub.change { state in
                    state.answer = { request in
                        guard random.nextIndex(below: 4) == 0 else { return nil }
                        return Self.damagedAnswer(request, &mutator, &random)
                    }
                }
                do {
                    let result = try await fixture.pull()
                    #expect(result.url.path.hasPrefix(fixture.cache.path))
                } catch let error as UserError {
                    failures += 1
                    #expect(!error.description.contains("\n"))
                }
                // Whatever is in the cache under its name is sound.
                if let weights = try? fixture.content("model.safetensors"), weights.count == 300_000 {
                    #expect(weights == files["model.safetensors"])
                }
                if round % 3 == 0 {
                    for name in ["models--tiny--model", ".locks"] {
                        try? FileManager.default.removeItem(at: fixture.cache.appending(path: name))
                    }
                }
            }
            #expect((50..<300).contains(failures))
            let entries = try FileManager.default.contentsOfDirectory(atPath: fixture.cache.path)
            #expect(
                Set(entries).isSubset(of: ["models--tiny--model", ".locks", "CACHEDIR.TAG"]), "\(entries)")
        }
    }

    private static func damagedAnswer(
        _ request: FakeHub.Request, _ mutator: inout FileMutator, _ random: inout RandomStream
    ) -> HTTPResponse {
        if request.path.hasPrefix("/api") {
            return HTTPResponse(200, body: Data(mutator.damaged(Array(listing))))
        }
        let status = [200, 206, 301, 302, 307, 400, 401, 403, 404, 410, 416, 500][random.nextIndex(below: 12)]
        var headers: [(key: String, value: String)] = []
        for (name, value) in [
            ("X-Repo-Commit", FakeHub.commit), ("X-Linked-Etag", "\"\(FakeHub.commit)\""),
            ("X-Linked-Size", "22"), ("Location", "/x"), ("Content-Range", "bytes 0-9/10"),
            ("X-Error-Code", "EntryNotFound"), ("Retry-After", "0"),
        ] where random.nextIndex(below: 2) == 0 {
            let bytes =
                random.nextIndex(below: 2) == 0 ? Array(value.utf8) : mutator.damaged(Array(value.utf8))
            // A server's field is one line.
            let text = String(decoding: bytes.filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
            headers.append((name, text))
        }
        let body = request.method == "HEAD" ? Data() : FakeHub.bytes(random.nextIndex(below: 2000))
        var response = HTTPResponse(status, "Damaged", body: body)
        response.headers += headers
        return response
    }
}
