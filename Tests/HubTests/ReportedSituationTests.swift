import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

/// What users of huggingface_hub, hf-hub, transformers and llama.cpp have reported about mirrors, proxies and shared caches. The numbers
/// are those of their issues.
@Suite struct ReportedSituationTests {
    private func expectWhole(_ fixture: HubFixture, location: SourceLocation = #_sourceLocation) async throws
    {
        _ = try await fixture.pull()
        let weights = try fixture.content("model.safetensors")
        #expect(weights == FakeHub.checkpoint["model.safetensors"], sourceLocation: location)
    }

    /// huggingface_hub 2808: a reverse proxy at a path of its host.
    @Test func anEndpointWithAPath() async throws {
        try await HubFixture.run { fixture in
            var fixture = fixture
            fixture.environment["HF_ENDPOINT"] = fixture.hub.endpoint + "/huggingface-public/"
            fixture.hub.change { $0.prefix = "/huggingface-public" }
            try await expectWhole(fixture)
        }
    }

    /// huggingface_hub 1796: an Artifactory that does not send X-Repo-Commit.
    @Test func aMirrorWithoutTheCommit() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.listsHashes = true
                state.answer = { request in
                    guard request.path.hasSuffix("config.json"), request.method == "HEAD" else { return nil }
                    return HTTPResponse(200, headers: ["Content-Length": "23"])
                }
            }
            try await expectWhole(fixture)
            #expect(try fixture.content("config.json") == FakeHub.checkpoint["config.json"])
        }
    }

    /// hf-mirror-site 31: no Content-Length. hf-hub 163: no ETag, or the tag of a storage that does not name the content.
    @Test func aMirrorThatRedirectsWithoutATag() async throws {
        try await HubFixture.run { fixture in
            let storage = fixture.hub.storageEndpoint
            let hash = Fingerprint(of: FakeHub.checkpoint["model.safetensors"]!).hexadecimal
            fixture.hub.change { state in
                state.listsHashes = true
                state.answer = { request in
                    if request.isStorage, request.method == "HEAD" {
                        return HTTPResponse(
                            200, headers: ["ETag": "\"9b2cf535f27731c9-18\""], ending: .closed)
                    }
                    guard request.path.hasSuffix("model.safetensors") else { return nil }
                    return HTTPResponse(302, headers: ["Location": "\(storage)/stored/\(hash)"])
                }
            }
            try await expectWhole(fixture)
            #expect(fixture.blobs.contains(hash))
        }
    }

    /// huggingface_hub 4637: a mirror that redirects to the hub, and the hub to a place with a query.
    @Test func redirectionsKeepTheirQuery() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.answer = { request in
                    guard request.path.hasSuffix("config.json") else { return nil }
                    if request.path.hasPrefix("/api/resolve-cache") {
                        guard request.query == "etag=%22a%22" else { return FakeHub.refusal(400, nil) }
                        let data = FakeHub.checkpoint["config.json"]!
                        return HTTPResponse(
                            200, headers: ["ETag": "\"\(FakeHub.gitHash(data))\""], body: data)
                    }
                    return HTTPResponse(
                        307, "", headers: ["Location": "/api/resolve-cache\(request.path)?etag=%22a%22"])
                }
            }
            try await expectWhole(fixture)
        }
    }

    /// An address in a content delivery network is valid for an hour; a download may take longer.
    @Test func anAddressThatExpires() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.cut = 100_000
                nonisolated(unsafe) var count = 0
                state.answer = { request in
                    guard request.isStorage else { return nil }
                    count += 1
                    return count == 2 ? HTTPResponse(403) : nil
                }
            }
            try await expectWhole(fixture)
            let heads = fixture.hub.requests.filter {
                $0.method == "HEAD" && $0.path.hasSuffix("model.safetensors")
            }
            #expect(heads.count == 2)
        }
    }

    /// huggingface_hub 1388: a cache that is named by a relative path, whose links must not depend on the directory.
    /// huggingface_hub 2797: a cache that is whole is used without a change.
    @Test func aWholeCacheIsNotWrittenTo() async throws {
        try await HubFixture.run { fixture in
            _ = try await fixture.pull()
            func state() throws -> [String: Date] {
                let names = try FileManager.default.subpathsOfDirectory(atPath: fixture.cache.path)
                return try Dictionary(
                    uniqueKeysWithValues: names.map { name in
                        let path = fixture.cache.appending(path: name).path
                        return (
                            name,
                            try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as! Date
                        )
                    })
            }
            let before = try state()
            _ = try await fixture.pull()
            #expect(try state() == before)
            let links = try FileManager.default.subpathsOfDirectory(atPath: fixture.cache.path).compactMap {
                try? FileManager.default.destinationOfSymbolicLink(
                    atPath: fixture.cache.appending(path: $0).path)
            }
            #expect(links.count == 4 && links.allSatisfy { $0.hasPrefix("../") })
        }
    }

    /// huggingface_hub 2 keeps files that several repositories share once: `blobs/ETAG` is a link to `blobs` of the whole cache.
    @Test func blobsThatRepositoriesShare() async throws {
        try await HubFixture.run { fixture in
            let result = try await fixture.pull()
            let hash = Fingerprint(of: FakeHub.checkpoint["model.safetensors"]!).hexadecimal
            let manager = FileManager.default
            try manager.createDirectories(at: fixture.cache.appending(path: "blobs/ab"))
            let blob = fixture.cache.appending(path: "models--tiny--model/blobs/\(hash)")
            try manager.moveItem(at: blob, to: fixture.cache.appending(path: "blobs/ab/\(hash)"))
            try manager.createSymbolicLink(atPath: blob.path, withDestinationPath: "../../blobs/ab/\(hash)")
            let location = try ModelLocator(environment: fixture.variables).find("hf:tiny/model")
            #expect(location == .cached(result.url))
            let again = try await fixture.pull()
            #expect(again.downloaded == 0)
        }
    }

    /// llama.cpp 13128 and 20005, llama-cpp-python 1801: what is in the cache needs no request.
    @Test func whatIsInTheCacheNeedsNoRequest() async throws {
        try await HubFixture.run { fixture in
            _ = try await fixture.pull()
            let before = fixture.hub.requests.count
            _ = try ModelLocator(environment: fixture.variables).find("hf:tiny/model")
            #expect(fixture.hub.requests.count == before)
        }
    }

    /// A link whose blob was deleted, as by a cleaner of caches that is interrupted.
    @Test func aLinkWithoutItsBlob() async throws {
        try await HubFixture.run { fixture in
            _ = try await fixture.pull()
            let hash = Fingerprint(of: FakeHub.checkpoint["model.safetensors"]!).hexadecimal
            try FileManager.default.removeItem(
                at: fixture.cache.appending(path: "models--tiny--model/blobs/\(hash)"))
            try await expectWhole(fixture)
        }
    }

    /// In a shared cache, links that somebody else put where files belong.
    @Test func linksInPlaceOfBlobsAreNotFollowed() async throws {
        let weights = FakeHub.checkpoint["model.safetensors"]!
        let hash = Fingerprint(of: weights).hexadecimal
        for (name, content) in [("\(hash).incomplete", Data("mine".utf8)), (hash, Data(weights.map { ~$0 }))]
        {
            try await HubFixture.run { fixture in
                try await withTemporaryDirectory { directory in
                    let target = directory.appending(path: "file")
                    try content.write(to: target)
                    let blobs = fixture.cache.appending(path: "models--tiny--model/blobs")
                    try FileManager.default.createDirectories(at: blobs)
                    try FileManager.default.createSymbolicLink(
                        atPath: blobs.appending(path: name).path, withDestinationPath: target.path)
                    _ = await fixture.failure()
                    #expect(try Data(contentsOf: target) == content)
                }
            }
        }
    }

    /// A blob of another size than the hub's: an older version of a tool wrote it, or a disk was full.
    @Test func aBlobThatIsCutOff() async throws {
        try await HubFixture.run { fixture in
            let hash = Fingerprint(of: FakeHub.checkpoint["model.safetensors"]!).hexadecimal
            let blobs = fixture.cache.appending(path: "models--tiny--model/blobs")
            try FileManager.default.createDirectories(at: blobs)
            try Data("half".utf8).write(to: blobs.appending(path: hash))
            try await expectWhole(fixture)
        }
    }
}
