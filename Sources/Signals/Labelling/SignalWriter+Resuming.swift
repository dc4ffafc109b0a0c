import Foundation
import Support

extension SignalWriter {
    /// The content of `pending.json`.
    private struct Pending: Codable {
        var origin: SignalManifest.Origin
        var documents: Fingerprint
        var shards: [SignalManifest.Shard]
        var corpusShard: Shard?
        /// SHA-256 of everything else; nil in memory.
        var checksum: Fingerprint?

        /// The same bytes for the same content.
        func encoded() throws -> Data {
            try JSONEncoder.stableEscapingSlashes.encode(self)
        }
    }

    private var listURL: URL { directory.appendingPathComponent("pending.json") }

    static func recordsURL(in directory: URL) -> URL {
        directory.appendingPathComponent("pending.records")
    }

    /// The shards that are written, of a finished cache or not, up to the first that is missing or damaged.
    ///
    /// - Throws: `UserError` when they were made from something else
    func resumedShards() throws -> [SignalManifest.Shard] {
        guard let pending = try writtenList() else {
            try refuseForeignFiles()
            return []
        }
        var differences = origin.differences(from: pending.origin)
        if documents != pending.documents { differences.append("the documents differ") }
        if corpusShard != pending.corpusShard {
            let (here, there) = (corpusShard?.description, pending.corpusShard?.description)
            differences.append("the shard is \(here ?? "none") here and \(there ?? "none") there")
        }
        guard differences.isEmpty else {
            throw UserError(
                "holds signals made from something else: " + differences.joined(separator: "; "),
                file: directory.relativePath, hint: "name another directory, or delete this one",
                status: .cannotCreate)
        }
        return Array(
            pending.shards.prefix { shard in
                let file = directory.appendingPathComponent(shard.file)
                return shard.problem == nil && (try? Fingerprint(fileAt: file)) == shard.fingerprint
            })
    }

    /// Refuses a directory that holds other things.
    private func refuseForeignFiles() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let foreign = names.filter { !$0.hasPrefix("shard-") && !$0.hasPrefix(".") }.sorted()
        guard let first = foreign.first else { return }
        throw UserError(
            "is no signal cache: it holds \(first)"
                + (foreign.count > 1 ? " and \(foreign.count - 1) more" : ""),
            file: directory.relativePath, hint: "name an empty or a new directory", status: .cannotCreate)
    }

    private func writtenList() throws -> Pending? {
        if try FileManager.default.exists(at: SignalManifest.url(in: directory)) {
            let finished = try SignalManifest(contentsOf: directory)
            return Pending(
                origin: finished.origin, documents: finished.documents, shards: finished.shards,
                corpusShard: finished.corpusShard)
        }
        guard try FileManager.default.exists(at: listURL) else { return nil }
        guard var pending = try? JSONDecoder().decode(Pending.self, from: ConfigurationFile.read(listURL)),
            let checksum = pending.checksum.take(), try checksum == Fingerprint(of: pending.encoded())
        else {
            throw UserError(
                "is damaged: its content is not what was written", file: listURL.relativePath,
                hint: "delete it and label again")
        }
        return pending
    }

    /// Writes the list of whole shards.
    func savePending(_ shards: [SignalManifest.Shard]) throws {
        var pending = Pending(
            origin: origin, documents: documents, shards: shards, corpusShard: corpusShard)
        pending.checksum = Fingerprint(of: try pending.encoded())
        try AtomicFile.write(try pending.encoded(), to: listURL)
    }

    /// Removes the files that only an unfinished cache has.
    func removePendingFiles() throws {
        for file in [listURL, Self.recordsURL(in: directory)]
        where FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
    }
}
