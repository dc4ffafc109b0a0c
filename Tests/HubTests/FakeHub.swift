import FlyingFox
import FlyingSocks
import Foundation
import Support
import Synchronization

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
    private let hub, storage: Server

    init(_ files: [String: Data] = FakeHub.checkpoint) async throws {
        hub = try await Server()
        storage = try await Server()
        state.withLock { $0.revisions["main"] = (Self.commit, files) }
        // A request may still be on its way when a test is over.
        let gone = HTTPResponse(statusCode: .serviceUnavailable)
        await hub.handle { [weak self] in self?.answer($0, isStorage: false) ?? gone }
        await storage.handle { [weak self] in self?.answer($0, isStorage: true) ?? gone }
    }

    deinit {
        hub.stop()
        storage.stop()
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
            isStorage: isStorage, method: request.method.rawValue,
            query: request.target.rawValue.split(separator: "?").dropFirst().joined(), path: request.path,
            authorization: request.headers[.authorization], range: request.headers[HTTPHeader("Range")])
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
        return HTTPResponse(statusCode: .ok, headers: [.contentType: "application/json"], body: body)
    }

    private func file(_ request: Request, _ state: State) -> HTTPResponse {
        for (commit, files) in state.revisions.values {
            let prefix = "/\(Self.repository)/resolve/\(commit)/"
            guard request.path.hasPrefix(prefix),
                let data = files[String(request.path.dropFirst(prefix.count))]
            else { continue }
            var headers: [HTTPHeader: String] = [HTTPHeader("X-Repo-Commit"): commit]
            guard data.count > Self.smallest else {
                headers[HTTPHeader("ETag")] = "\"\(Self.gitHash(data))\""
                headers[.contentLength] = "\(data.count)"
                let body = request.method == "HEAD" ? Data() : data
                return HTTPResponse(statusCode: .ok, headers: HTTPHeaders(headers), body: body)
            }
            let hash = digest(data)
            headers[HTTPHeader("X-Linked-Etag")] = "\"\(hash)\""
            headers[HTTPHeader("X-Linked-Size")] = "\(data.count)"
            headers[.location] = "\(storageEndpoint)/stored/\(hash)?signature=secret"
            return HTTPResponse(statusCode: .found, headers: HTTPHeaders(headers))
        }
        return Self.refusal(404, "EntryNotFound")
    }

    private func stored(_ request: Request, _ state: State) -> HTTPResponse {
        let files = state.revisions.values.flatMap(\.files.values)
        guard let data = files.first(where: { request.path == "/stored/\(digest($0))" })
        else { return HTTPResponse(statusCode: .notFound) }
        var start = 0
        if !state.ignoresRanges, let range = request.range?.wholeMatch(of: /bytes=(\d+)-/) {
            start = Int(range.1)!
        }
        let rest = data.dropFirst(start)
        let end = min(
            state.cut ?? rest.count, state.stall.map { max($0 - start, 0) } ?? rest.count, rest.count)
        let ending: PartialBody.Ending = end == rest.count ? .whole : state.stall == nil ? .closed : .stalled
        var headers: [HTTPHeader: String] = [.contentLength: "\(rest.count)"]
        if start > 0 {
            headers[HTTPHeader("Content-Range")] = "bytes \(start)-\(data.count - 1)/\(data.count)"
        }
        return HTTPResponse(
            statusCode: start > 0 ? .partialContent : .ok, headers: HTTPHeaders(headers),
            body: HTTPBodySequence(
                from: PartialBody(data: Data(rest.prefix(end)), ending: ending), count: rest.count))
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
        var headers: [HTTPHeader: String] = [:]
        headers[HTTPHeader("X-Error-Code")] = code
        headers[HTTPHeader("X-Error-Message")] = message
        return HTTPResponse(
            statusCode: HTTPStatusCode(status, phrase: "Refused"), headers: HTTPHeaders(headers))
    }

    /// Git's hash of a file.
    static func gitHash(_ data: Data) -> String {
        var hash = SHA1()
        Array("blob \(data.count)\0".utf8).withUnsafeBytes { hash.update($0) }
        data.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }
}

/// A body of which a part may be missing.
private struct PartialBody: AsyncBufferedSequence {
    typealias Element = UInt8

    enum Ending {
        case whole
        /// The connection is closed.
        case closed
        /// Nothing more is sent.
        case stalled
    }

    let data: Data
    let ending: Ending

    struct AsyncIterator: AsyncBufferedIteratorProtocol {
        var rest: Data
        let ending: Ending

        mutating func next() async throws -> UInt8? { rest.popFirst() }

        mutating func nextBuffer(suggested count: Int) async throws -> Data? {
            guard rest.isEmpty else {
                defer { rest = rest.dropFirst(count) }
                return Data(rest.prefix(count))
            }
            switch ending {
            case .whole: return nil
            case .closed: throw CancellationError()
            case .stalled:
                try await Task.sleep(for: .seconds(60))
                throw CancellationError()
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: data, ending: ending) }
}

/// A thread that answers requests. Tests of other suites can hold all threads of the default executor for longer than a
/// client waits.
private final class ServerExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "hub")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A server on a port of its own.
private final class Server: Sendable {
    let port: UInt16
    private let server: HTTPServer
    private let task: Task<Void, any Error>

    init() async throws {
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: 0), logger: .disabled)
        let executor = ServerExecutor()
        task = Task(executorPreference: executor) { try await server.run() }
        try await withTaskExecutorPreference(executor) {
            try await server.waitUntilListening(timeout: 60)
        }
        guard case .ip4(_, let port)? = await server.listeningAddress else { throw CancellationError() }
        (self.port, self.server) = (port, server)
    }

    func handle(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) async {
        await server.appendRoute("*") { answer($0) }
    }

    func stop() { task.cancel() }
}

/// Runs blocking work on a thread of its own: those that run tests answer the requests.
func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
