import Foundation
import Support
import Synchronization
import TestSupport

@testable import Hub

/// A server with the hub's routes, and a second one where large files are stored, as a content delivery network.
///
/// `GET /api/models/NAME/revision/REVISION`, `HEAD` and `GET /NAME/resolve/COMMIT/FILE`: a file of LFS is redirected to the other server.
final class FakeHub: Sendable {
    static let commit = "0123456789abcdef0123456789abcdef01234567"
    static let repository = "tiny/model"

    /// What a server was asked.
    struct Request: Sendable {
        let isStorage: Bool
        let method, query: String
        var path: String
        let authorization, range: String?
    }

    struct State: Sendable {
        /// By revision and name. Files longer than `smallest` are in LFS.
        var revisions: [String: (commit: String, files: [String: Data])] = [:]
        var requests: [Request] = []
        /// Answers in place of the usual ones; nil for the usual one.
        var answer: @Sendable (Request) -> HTTPResponse? = { _ in nil }
        /// What the hub's routes begin with, behind a mirror's host.
        var prefix = ""
        /// Whether the listing has sizes and hashes, which the hub has and mirrors may lack.
        var listsHashes = false
        /// Storage breaks off each answer after so many bytes.
        var cut: Int?
        /// Storage stops sending after so many bytes of a file, and keeps the connection.
        var stall: Int?
        /// Whether storage answers requests for a part of a file with all of it.
        var ignoresRanges = false
    }

    static let smallest = 4096
    /// Those of large files are computed once.
    private let digests = Mutex<[Data: String]>([:])
    let state = Mutex(State())
    private let hub, storage: LoopbackServer

    init(_ files: [String: Data] = FakeHub.checkpoint) throws {
        hub = try LoopbackServer()
        storage = try LoopbackServer()
        state.withLock { $0.revisions["main"] = (Self.commit, files) }
        // A request may still be on its way when a test is over.
        let gone = HTTPResponse(503)
        hub.start { [weak self] in self?.answer($0, isStorage: false) ?? gone }
        storage.start { [weak self] in self?.answer($0, isStorage: true) ?? gone }
    }

    var endpoint: String { "http://127.0.0.1:\(hub.port)" }
    var storageEndpoint: String { "http://localhost:\(storage.port)" }
    var requests: [Request] { state.withLock { $0.requests } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// A configuration, a tokenizer and weights of a few hundred kilobytes, of bytes that mean nothing.
    static let checkpoint: [String: Data] = [
        "config.json": Data(#"{"model_type": "llama"}"#.utf8), "tokenizer.json": Data("{}".utf8),
        "README.md": Data("text".utf8), "pytorch_model.bin": Data("pickle".utf8),
        "model.safetensors": bytes(300_000), "onnx/model.onnx": Data("graph".utf8),
        "additional_chat_templates/tools.jinja": Data("template".utf8),
    ]

    static func bytes(_ count: Int) -> Data {
        var stream = RandomStream(seed: 1, purpose: "hub", index: UInt64(count))
        return Data((0..<count).map { _ in UInt8(truncatingIfNeeded: stream.next()) })
    }

    // MARK: - Answers

    private func answer(_ request: HTTPRequest, isStorage: Bool) -> HTTPResponse {
        var seen = Request(
            isStorage: isStorage, method: request.method, query: request.query, path: request.path,
            authorization: request.headers["authorization"], range: request.headers["range"])
        let state = state.withLock { [seen] in
            $0.requests.append(seen)
            return $0
        }
        if let answer = state.answer(seen) { return answer }
        if !state.prefix.isEmpty, !isStorage {
            guard seen.path.hasPrefix(state.prefix) else { return Self.refusal(404, nil) }
            seen.path.removeFirst(state.prefix.count)
        }
        if isStorage { return stored(seen, state) }
        return seen.path.hasPrefix("/api/models/") ? listing(seen, state) : file(seen, state)
    }

    private func listing(_ request: Request, _ state: State) -> HTTPResponse {
        let prefix = "/api/models/\(Self.repository)/revision/"
        guard request.path.hasPrefix(prefix) else { return Self.refusal(404, "RepoNotFound") }
        let name = String(request.path.dropFirst(prefix.count)).replacing("%2F", with: "/")
        guard let revision = state.revisions[name] else { return Self.refusal(404, "RevisionNotFound") }
        let files: [[String: Any]] = revision.files.map { name, data in
            guard state.listsHashes else { return ["rfilename": name] }
            var entry: [String: Any] = ["rfilename": name, "size": data.count, "blobId": Self.gitHash(data)]
            if data.count > Self.smallest { entry["lfs"] = ["sha256": digest(data), "size": data.count] }
            return entry
        }
        let body = try! JSONSerialization.data(withJSONObject: ["sha": revision.commit, "siblings": files])
        return HTTPResponse(200, headers: ["Content-Type": "application/json"], body: body)
    }

    private func file(_ request: Request, _ state: State) -> HTTPResponse {
        for (commit, files) in state.revisions.values {
            let prefix = "/\(Self.repository)/resolve/\(commit)/"
            guard request.path.hasPrefix(prefix),
                let data = files[String(request.path.dropFirst(prefix.count))]
            else { continue }
            guard data.count > Self.smallest else {
                let tag = "\"\(Self.gitHash(data))\""
                return HTTPResponse(200, headers: ["X-Repo-Commit": commit, "ETag": tag], body: data)
            }
            let hash = digest(data)
            return HTTPResponse(
                302,
                headers: [
                    "X-Repo-Commit": commit, "X-Linked-Etag": "\"\(hash)\"", "X-Linked-Size": "\(data.count)",
                    "Location": "\(storageEndpoint)/stored/\(hash)?signature=secret",
                ])
        }
        return Self.refusal(404, "EntryNotFound")
    }

    private func stored(_ request: Request, _ state: State) -> HTTPResponse {
        let files = state.revisions.values.flatMap(\.files.values)
        guard let data = files.first(where: { request.path == "/stored/\(digest($0))" })
        else { return HTTPResponse(404) }
        var start = 0
        if !state.ignoresRanges, let range = request.range?.wholeMatch(of: /bytes=(\d+)-/) {
            start = Int(range.1)!
        }
        let rest = data.dropFirst(start)
        let end = min(
            state.cut ?? rest.count, state.stall.map { max($0 - start, 0) } ?? rest.count, rest.count)
        let ending: HTTPResponse.Ending =
            end == rest.count ? .whole : state.stall == nil ? .closed : .stalled
        var response = HTTPResponse(
            start > 0 ? 206 : 200, headers: ["Content-Length": "\(rest.count)"], body: rest.prefix(end),
            ending: ending)
        if start > 0 {
            response.headers.append(("Content-Range", "bytes \(start)-\(data.count - 1)/\(data.count)"))
        }
        return response
    }

    private func digest(_ data: Data) -> String {
        digests.withLock { known in
            if let digest = known[data] { return digest }
            let digest = Fingerprint(of: data).hexadecimal
            known[data] = digest
            return digest
        }
    }

    static func refusal(_ status: Int, _ code: String?, _ message: String? = nil) -> HTTPResponse {
        var response = HTTPResponse(status, "Refused")
        if let code { response.headers.append(("X-Error-Code", code)) }
        if let message { response.headers.append(("X-Error-Message", message)) }
        return response
    }

    /// Git's hash of a file.
    static func gitHash(_ data: Data) -> String {
        var hash = SHA1()
        Array("blob \(data.count)\0".utf8).withUnsafeBytes { hash.update($0) }
        data.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }
}

/// Runs blocking work on a thread of its own: blocked, those that run tests hold up others.
func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
