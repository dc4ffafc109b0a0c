import Foundation
import Support

/// The whole shards of a cache that is being written, listed in `pending.json` until the manifest takes its place.
struct PendingShards {
    let directory: URL
    let origin: SignalManifest.Origin
    /// Names the documents to be labelled and their order.
    let documents: Fingerprint

    private struct Content: Codable {
        var origin: SignalManifest.Origin
        var documents: Fingerprint
        var shards: [SignalManifest.Shard]
        /// SHA-256 of everything else; nil in memory.
        var checksum: Fingerprint?
    }

    private var url: URL { directory.appendingPathComponent("pending.json") }

    /// The shards to go on after: those written so far, finished or not, up to the first that is missing or damaged.
    ///
    /// - Throws: `UserError` when they were made from something else
    func resume() throws -> [SignalManifest.Shard] {
        guard let content = try written() else {
            try refuseForeignFiles()
            return []
        }
        var differences = origin.differences(from: content.origin)
        if documents != content.documents { differences.append("the documents differ") }
        guard differences.isEmpty else {
            throw UserError(
                "holds signals made from something else: " + differences.joined(separator: "; "),
                file: directory.relativePath, hint: "name another directory, or delete this one",
                status: .cannotCreate)
        }
        return Array(
            content.shards.prefix { shard in
                let file = directory.appendingPathComponent(shard.file)
                return shard.problem == nil && (try? Fingerprint(fileAt: file)) == shard.fingerprint
            })
    }

    /// A directory that holds other things is not a place for shards.
    private func refuseForeignFiles() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let foreign = names.filter { !$0.hasPrefix("shard-") && !$0.hasPrefix(".") }.sorted()
        guard let first = foreign.first else { return }
        throw UserError(
            "is no signal cache: it holds \(first)"
                + (foreign.count > 1 ? " and \(foreign.count - 1) more" : ""),
            file: directory.relativePath, hint: "name an empty or a new directory", status: .cannotCreate)
    }

    private func written() throws -> Content? {
        if try FileManager.default.exists(at: SignalManifest.url(in: directory)) {
            let finished = try SignalManifest(contentsOf: directory)
            return Content(origin: finished.origin, documents: finished.documents, shards: finished.shards)
        }
        guard try FileManager.default.exists(at: url) else { return nil }
        guard var content = try? JSONDecoder().decode(Content.self, from: ConfigurationFile.read(url)),
            let checksum = content.checksum.take(), try checksum == Fingerprint(of: encoded(content))
        else {
            throw UserError(
                "is damaged: its content is not what was written", file: url.relativePath,
                hint: "delete it and label again")
        }
        return content
    }

    func save(_ shards: [SignalManifest.Shard]) throws {
        var content = Content(origin: origin, documents: documents, shards: shards)
        content.checksum = Fingerprint(of: try encoded(content))
        try AtomicFile.write(try encoded(content), to: url)
    }

    private func encoded(_ content: Content) throws -> Data {
        return try JSONEncoder.stableEscapingSlashes.encode(content)
    }

    /// Removes what only an unfinished cache has.
    func remove() throws {
        for file in [url, PendingRecords.url(in: directory)]
        where FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
    }
}
