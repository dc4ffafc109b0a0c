import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

/// Each refusal of a hub is one message with a hint and an exit code.
@Suite struct RefusalTests {
    private func expect(
        _ status: Support.ExitStatus, _ parts: String..., environment: [String: String] = [:],
        name: String = FakeHub.repository, files: [String: Data] = FakeHub.checkpoint,
        timeout: Double = HubFixture.timeout,
        location: SourceLocation = #_sourceLocation,
        when answer: @escaping @Sendable (FakeHub.Request) -> HTTPResponse? = { _ in nil }
    ) async throws {
        try await HubFixture.run(files) { fixture in
            var fixture = fixture
            fixture.environment = environment
            fixture.hub.change { $0.answer = answer }
            guard let error = await fixture.failure(name, timeout: timeout) else { return }
            let text = "\(error)"
            #expect(error.status == status, "\(text)", sourceLocation: location)
            for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: location) }
            #expect(!text.contains("\n") && !text.contains("secret"), "\(text)", sourceLocation: location)
        }
    }

    @Test func whatTheHubLacks() async throws {
        try await expect(.noInput, "other/model: no such model", "HF_TOKEN", name: "other/model")
        try await expect(.noInput, "no revision \"v9\"", "branch", name: "tiny/model@v9")
        try await expect(.noInput, "no file x.gguf", name: "tiny/model:x.gguf")
        try await expect(.noInput, "config.json: is not among the files") { request in
            request.path.hasSuffix("config.json") ? FakeHub.refusal(404, "EntryNotFound") : nil
        }
    }

    @Test func whatTheHubDoesNotAllow() async throws {
        try await expect(.noInput, "or a private one", "set HF_TOKEN") { _ in FakeHub.refusal(401, nil) }
        try await expect(.noInput, "token's permissions", environment: ["HF_TOKEN": "hf_secret"]) { _ in
            FakeHub.refusal(401, nil)
        }
        try await expect(.noPermission, "does not accept the token", environment: ["HF_TOKEN": "hf_secret"]) {
            _ in
            FakeHub.refusal(401, nil, "Invalid credentials in Authorization header")
        }
        try await expect(.noPermission, "gated", "/tiny/model, then set HF_TOKEN") { _ in
            FakeHub.refusal(401, "GatedRepo")
        }
        try await expect(
            .noPermission, "gated", "with the account of the token", environment: ["HF_TOKEN": "hf_secret"]
        ) { $0.method == "HEAD" ? FakeHub.refusal(403, "GatedRepo") : nil }
        try await expect(.noPermission, "forbids", "Access is restricted.") { _ in
            FakeHub.refusal(403, nil, "Access is restricted.")
        }
    }

    @Test func whatTheHubCannotDoNow() async throws {
        try await expect(.temporaryFailure, "no more requests", "HF_TOKEN") { _ in FakeHub.refusal(429, nil) }
        try await expect(.temporaryFailure, "try again in 3600 s") { _ in
            HTTPResponse(429, "", headers: ["Retry-After": "3600"])
        }
        try await expect(.unavailable, "status 503", "later") { _ in FakeHub.refusal(503, nil) }
        try await expect(.unavailable, "status 418") { _ in FakeHub.refusal(418, nil) }
    }

    @Test func repositoriesWithoutACheckpoint() async throws {
        let config = ["config.json": Data("{}".utf8)]
        try await expect(
            .noInput, "GGUF files: a.gguf, b-00001-of-00002.gguf", "tiny/model:a.gguf",
            files: [
                "a.gguf": Data(), "b-00001-of-00002.gguf": Data(), "b-00002-of-00002.gguf": Data(),
            ])
        try await expect(
            .noInput, "pickle", "refs/pr", files: config.merging(["pytorch_model.bin": Data()]) { $1 })
        try await expect(
            .noInput, "adapter", files: ["adapter_config.json": Data(), "adapter_model.safetensors": Data()])
        try await expect(.noInput, "has no config.json", "README.md", files: ["README.md": Data()])
        try await expect(.noInput, "has no model.safetensors", files: config)
        try await expect(.noInput, "has no config.json", files: [:])
        try await expect(
            .noInput, "lacks m-00002-of-00002.gguf", name: "tiny/model:m-00001-of-00002.gguf",
            files: ["m-00001-of-00002.gguf": Data()])
        let index = Data(#"{"weight_map": {"a": "gone.safetensors"}}"#.utf8)
        try await expect(
            .noInput, "gone.safetensors",
            files: config.merging(["model.safetensors.index.json": index]) { $1 })
    }

    @Test func namesThatLeadOutOfTheCache() async throws {
        let index = Data(#"{"weight_map": {"a": "../../../../escaped.safetensors"}}"#.utf8)
        try await expect(
            .dataFormat, "weight_map",
            files: ["config.json": Data("{}".utf8), "model.safetensors.index.json": index])
        let listing =
            #"{"sha": "\#(FakeHub.commit)", "siblings": [{"rfilename": "../config.json"}, {"rfilename": "/etc/passwd"}]}"#
        try await expect(.noInput, "has no config.json") { _ in
            HTTPResponse(200, body: Data(listing.utf8))
        }
        for tag in ["../../escaped", "", "a/b", ".", "W/\"..\"", String(repeating: "a", count: 9000)] {
            try await expect(.unavailable, "no ETag") { request in
                guard request.method == "HEAD" else { return nil }
                return HTTPResponse(
                    200, headers: ["ETag": tag, "X-Repo-Commit": FakeHub.commit])
            }
        }
    }

    @Test func answersThatAreNotThoseOfAHub() async throws {
        try await expect(.unavailable, "text/html", "HF_ENDPOINT", "proxy") { _ in
            HTTPResponse(200, headers: ["Content-Type": "text/html"], body: Data("<html>".utf8))
        }
        try await expect(.unavailable, "X-Repo-Commit is \"other\"") { request in
            request.method == "HEAD" ? HTTPResponse(200, headers: ["X-Repo-Commit": "other"]) : nil
        }
        let commit = String(repeating: "a", count: 40)
        try await expect(.unavailable, "answers for the commit", name: "tiny/model@\(commit)") { request in
            let body = #"{"sha": "\#(FakeHub.commit)", "siblings": []}"#
            return request.path.hasPrefix("/api") ? HTTPResponse(200, body: Data(body.utf8)) : nil
        }
        try await expect(.unavailable, "no ETag") { request in
            request.method == "HEAD" ? HTTPResponse(200) : nil
        }
        try await expect(.unavailable, "redirects again and again") { request in
            HTTPResponse(302, headers: ["Location": request.path + "x"])
        }
        try await expect(.unavailable, "status 302") { _ in
            HTTPResponse(302, headers: ["Location": "file:///etc/passwd"])
        }
    }

    @Test func answersWithoutAnEnd() async throws {
        try await expect(.unavailable, "no end") { request in
            guard request.path.hasPrefix("/api") else { return nil }
            return HTTPResponse(
                200, body: Data(repeating: 0x20, count: HubClient.longestListing + 1))
        }
        try await expect(.dataFormat, "more than the 300000 bytes") { request in
            request.isStorage ? HTTPResponse(200, body: Data(count: 300_001)) : nil
        }
    }

    @Test func aHubThatDoesNotAnswerIsAskedTwice() async throws {
        try await HubFixture.run { fixture in
            fixture.hub.change { state in
                state.answer = { _ in
                    HTTPResponse(
                        200, headers: ["Content-Length": "1000"], body: Data("{".utf8), ending: .stalled)
                }
            }
            let error = await fixture.failure(timeout: 1)
            #expect(error?.problem.contains("does not answer") == true)
            // On a busy machine a request may time out before the server has seen it.
            #expect(fixture.hub.requests.count <= 2)
        }
    }

    @Test func answersThatEndEarly() async throws {
        try await expect(.unavailable, "does not answer", timeout: 1) { request in
            // The length promises more than follows, and the connection stays open.
            HTTPResponse(200, headers: ["Content-Length": "1000"], body: Data("{".utf8), ending: .stalled)
        }
        try await expect(.unavailable, "does not go on") { request in
            request.isStorage ? HTTPResponse(200, body: Data()) : nil
        }
    }

    @Test func aFileThatNoDiskHolds() async throws {
        for size in ["999999999999999", "9223372036854775807"] {
            try await expect(.inputOutput, "are free", "HF_HUB_CACHE") { request in
                guard request.method == "HEAD" else { return nil }
                return HTTPResponse(
                    200,
                    headers: [
                        "ETag": String(repeating: "a", count: 64), "X-Linked-Size": size,
                        "X-Repo-Commit": FakeHub.commit,
                    ])
            }
        }
        for size in ["99999999999999999999", "-1", "1e3", ""] {
            try await expect(.unavailable, "no size") { request in
                guard request.method == "HEAD" else { return nil }
                return HTTPResponse(
                    302,
                    headers: [
                        "Location": "/x", "X-Linked-Etag": "\"a\"", "X-Linked-Size": size,
                        "X-Repo-Commit": FakeHub.commit,
                    ])
            }
        }
    }

    @Test func noNetwork() async throws {
        // Nothing listens on port 9 (discard).
        try await expect(
            .unavailable, "cannot connect to 127.0.0.1:9", "proxy",
            environment: ["HF_ENDPOINT": "http://127.0.0.1:9"])
        try await expect(.unavailable, "HF_HUB_OFFLINE is set", environment: ["HF_HUB_OFFLINE": "1"])
    }

    @Test func aConnectionThatIsNotSecure() async throws {
        // The server speaks no TLS.
        try await HubFixture.run { fixture in
            var fixture = fixture
            fixture.environment["HF_ENDPOINT"] = fixture.hub.endpoint.replacing("http:", with: "https:")
            let error = await fixture.failure()
            #expect(error?.problem.contains("no secure connection") == true, "\(String(describing: error))")
        }
    }
}
