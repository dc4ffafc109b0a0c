import Foundation
import HTTP
import Support

/// Asks a hub: what a repository holds, and what is known of a file. Requests that fail for a passing reason are sent again.
final class HubClient {
    let settings: HubSettings
    private let session: HTTPSession
    /// Called before a request is sent again, with the reason.
    private let note: (String) -> Void

    /// Requests that are sent again at most, as in huggingface_hub.
    static let mostRetries = 5
    /// Redirections that are followed at most.
    private static let mostRedirections = 5
    /// A listing of sixty thousand files; models have tens. Read, one of small values takes up to thirteen times as much memory.
    static let longestListing = 16 << 20
    /// The longest wait that a server may ask for, in seconds.
    private static let longestWait = 120.0

    init(_ settings: HubSettings, note: @escaping (String) -> Void = { _ in }) {
        (self.settings, self.note) = (settings, note)
        session = HTTPSession(timeout: settings.timeout)
    }

    /// The files of a repository and the commit that a revision has now.
    /// - Throws: `UserError` that names the reference.
    func listing(_ reference: HubReference) throws -> RepositoryListing {
        let revision = reference.revision ?? HubReference.defaultRevision
        let url = try address("api/models/\(reference.repository)/revision/", revision, query: "blobs=true")
        let failure = HubFailure(reference: reference, settings: settings, file: nil)
        let (reply, body) = try retrying(failure) {
            try self.following(url, failure) { url in
                try self.session.fetch(self.request(url), limit: Self.longestListing)
            }
        }
        guard reply.status == 200 else { throw failure.refused(reply) }
        do {
            let listing = try RepositoryListing(body)
            // A commit names one content for ever: an answer about another is a wrong one.
            guard !HubReference.isCommit(revision) || listing.commit == revision else {
                throw UserError("it answers for the commit \(listing.commit)")
            }
            return listing
        } catch let error as UserError {
            throw failure.notAHub(reply, error.problem)
        }
    }

    /// What the hub says of a file, without the file.
    ///
    /// The hub answers for a large file with a redirection to where it is stored, and header fields about it. That redirection is not
    /// followed; those of a repository that was renamed are.
    ///
    /// - Throws: `UserError` that names the file.
    func metadata(of file: String, in reference: HubReference, _ listing: RepositoryListing) throws
        -> FileMetadata
    {
        let commit = listing.commit
        let url = try address("\(reference.repository)/resolve/\(commit)/", file)
        let failure = HubFailure(reference: reference, settings: settings, file: file)
        let reply = try retrying(failure) {
            try self.following(url, failure, stopsAtFile: true) { url in
                (try self.session.fetch(self.request(url, .head), limit: 1 << 16).reply, Data())
            }
        }.reply
        guard reply.status == 200 || reply.redirection != nil else { throw failure.refused(reply) }
        do {
            return try FileMetadata(
                reply, commit: commit, listed: listing.files[file] ?? .init(),
                isStored: !reply.url.hasOrigin(of: url))
        } catch let error as UserError {
            throw failure.notAHub(reply, error.problem)
        }
    }

    /// Streams a file, or the rest of it, following redirections.
    ///
    /// - Parameters:
    ///   - start: the first byte that is wanted
    ///   - head: called with the beginning of the answer that is no redirection; false skips the rest
    ///   - body: called with each part of the answer
    /// - Throws: `HTTPFailure`, or what `body` throws.
    func stream(
        _ url: URL, from start: Int, _ failure: HubFailure, head: @escaping @Sendable (HTTPReply) -> Bool,
        body: @escaping @Sendable (Data) throws -> Void
    ) throws -> HTTPReply {
        try following(url, failure) { url in
            var request = self.request(url)
            if start > 0 { request.fields.append(("Range", "bytes=\(start)-")) }
            let reply = try self.session.send(
                request, head: { $0.redirection == nil && head($0) }, body: body)
            return (reply, Data())
        }.reply
    }

    // MARK: - Requests

    /// The address of something on the hub; a revision or a file name is one text that may hold slashes.
    private func address(_ path: String, _ last: String, query: String? = nil) throws -> URL {
        var allowed = CharacterSet.urlPathAllowed
        allowed.remove(charactersIn: ";%?#")
        // The API takes a revision as one part of the path; the routes of files take slashes.
        if query != nil { allowed.remove("/") }
        let name = last.addingPercentEncoding(withAllowedCharacters: allowed) ?? last
        let text = "\(settings.endpoint.absoluteString)/\(path)\(name)\(query.map { "?\($0)" } ?? "")"
        guard let url = URL(string: text) else {
            throw UserError("not a name on the hub: \"\(last)\"", status: .usage)
        }
        return url
    }

    private func request(_ url: URL, _ method: HTTPRequest.Method = .get) -> HTTPRequest {
        // Compressed, a part of a file could not be asked for.
        var request = HTTPRequest(
            url, method, fields: [("Accept-Encoding", "identity"), ("User-Agent", "swift-distill")])
        // A token is for the hub alone, never for where it redirects to.
        if let token = settings.token, url.hasOrigin(of: settings.endpoint) {
            request.fields.append(("Authorization", "Bearer \(token)"))
        }
        return request
    }

    /// Sends a request, and again where the hub redirects to.
    ///
    /// - Parameter stopsAtFile: whether a redirection that describes a file is the answer
    private func following(
        _ url: URL, _ failure: HubFailure, stopsAtFile: Bool = false,
        _ send: (URL) throws -> (reply: HTTPReply, body: Data)
    ) throws -> (reply: HTTPReply, body: Data) {
        var url = url
        for _ in 0...Self.mostRedirections {
            let answer = try send(url)
            guard let next = answer.reply.redirection else { return answer }
            if stopsAtFile, answer.reply["x-linked-etag"] != nil { return answer }
            url = next
        }
        throw failure.tooManyRedirections(at: url)
    }

    /// Sends a request, and again after errors that may pass: at most six times, after a timeout twice.
    private func retrying(
        _ failure: HubFailure, _ send: () throws -> (reply: HTTPReply, body: Data)
    ) throws -> (reply: HTTPReply, body: Data) {
        for attempt in 0... {
            do {
                let answer = try send()
                guard HubFailure.isPassing(answer.reply), attempt < Self.mostRetries else { return answer }
                try wait(attempt, after: answer.reply, failure, "status \(answer.reply.status)")
            } catch let error as HTTPFailure {
                // Machines behind a firewall wait for each timeout to the end.
                let most = error == .timedOut ? 1 : Self.mostRetries
                guard error.isPassing, attempt < most else { throw failure.unanswered(error) }
                try wait(attempt, after: nil, failure, error.reason)
            }
        }
        preconditionFailure("a loop without an end")
    }

    /// Waits before a request is sent again: longer each time, or as long as the server asks for.
    ///
    /// - Throws: `UserError` if the server asks for a long time.
    func wait(_ attempt: Int, after reply: HTTPReply?, _ failure: HubFailure, _ reason: String) throws {
        try Interruption.check()
        var seconds = min(settings.retryDelay * Double(1 << min(attempt, 4)), 16)
        if let reply, let asked = reply.count("retry-after") {
            guard Double(asked) <= Self.longestWait else { throw failure.refused(reply) }
            seconds = max(seconds, Double(asked))
        }
        note("\(settings.endpoint.place): \(reason); trying again")
        Thread.sleep(forTimeInterval: seconds)
        try Interruption.check()
    }
}
