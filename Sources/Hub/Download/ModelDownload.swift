import Foundation
import Support
import Synchronization

/// Downloads a model from the hub into the cache, as far as it is not there.
///
///     let model = try ModelDownload(HubReference("HuggingFaceTB/SmolLM2-135M-Instruct")!, settings: HubSettings())
///         .run(progress: { print($0) })
///     let checkpoint = try Checkpoint.load(model.url)
///
/// Only the files that are read here, or by transformers' tokenizers, are downloaded: configuration, tokenizer, chat templates and
/// safetensors, or one GGUF file with its parts. Weights come last, so that a snapshot with its weights is whole. The branch's entry in
/// `refs` is written at the end: without a network, the last whole snapshot is found.
public struct ModelDownload: Sendable {
    private let reference: HubReference
    private let settings: HubSettings
    private var cache: HubCache { HubCache(root: settings.cache) }

    /// A download of a model, with the hub and the cache of some settings.
    public init(_ reference: HubReference, settings: HubSettings) {
        (self.reference, self.settings) = (reference, settings)
    }

    /// The result of a download.
    public struct Result: Sendable {
        /// The snapshot's directory, or the GGUF file in it.
        public let url: URL
        /// The commit that the revision has.
        public let commit: String
        /// Names of the model's files and their sizes in bytes.
        public let files: [(name: String, bytes: Int)]
        /// Bytes that were downloaded by this call.
        public let downloaded: Int
    }

    /// Asks the hub for the revision's commit and downloads what the cache lacks of it.
    ///
    /// A killed download is continued by the next. Two processes that download the same wait for each other.
    ///
    /// - Throws: `UserError` if the hub cannot be reached, refuses, answers nonsense or has no such model; if a file's checksum is
    ///   wrong; if the disk has no room.
    public func run(progress: @escaping ProgressHandler) throws -> Result {
        guard !settings.isOffline else {
            throw UserError(
                "cannot be downloaded: HF_HUB_OFFLINE is set", file: reference.description,
                hint: "unset it, or name what is in the cache, \(settings.cache.path)", status: .unavailable)
        }
        let client = HubClient(settings) { progress(.note($0)) }
        let listing = try client.listing(reference)
        let selection = RepositorySelection(listing, for: reference)
        var transfer = Transfer(
            client: client, cache: cache, reference: reference, listing: listing, progress: progress)
        try transfer.add(selection.first())
        // With the index of shards the rest is known.
        let snapshot = cache.snapshot(of: reference.repository, commit: listing.commit)
        try transfer.add(
            selection.weights(index: {
                snapshot.appending(path: CheckpointContents.index)
            }))
        try cache.record(
            listing.commit, as: reference.revision ?? HubReference.defaultRevision, of: reference.repository)
        return Result(
            url: reference.file.map { snapshot.appending(path: $0) } ?? snapshot, commit: listing.commit,
            files: transfer.files, downloaded: transfer.downloaded)
    }
}

/// The files of one download.
private struct Transfer {
    let client: HubClient
    let cache: HubCache
    let reference: HubReference
    let listing: RepositoryListing
    let progress: ProgressHandler

    private var commit: String { listing.commit }

    private(set) var files: [(name: String, bytes: Int)] = []
    private(set) var downloaded = 0

    init(
        client: HubClient, cache: HubCache, reference: HubReference, listing: RepositoryListing,
        progress: @escaping ProgressHandler
    ) {
        (self.client, self.cache, self.reference) = (client, cache, reference)
        (self.listing, self.progress) = (listing, progress)
    }

    /// A file that is not in the cache.
    private struct Missing {
        let name: String
        let metadata: FileMetadata
        /// Bytes that a killed process left.
        let there: Int
    }

    /// Downloads those of some files that are not in the cache, after a look at all of them: whether there is room for them is known before.
    mutating func add(_ names: [String]) throws {
        var missing: [Missing] = []
        for name in names {
            if let url = try cache.file(name, of: reference.repository, commit: commit),
                let size = size(of: url)
            {
                files.append((name, size))
                continue
            }
            let metadata = try client.metadata(of: name, in: reference, listing)
            files.append((name, metadata.size))
            let blob = cache.blob(metadata.etag, of: reference.repository)
            if size(of: blob) == metadata.size {
                try link(name, metadata)
            } else {
                missing.append(
                    Missing(
                        name: name, metadata: metadata,
                        there: min(size(of: URL(filePath: blob.path + ".incomplete")) ?? 0, metadata.size)))
            }
        }
        guard !missing.isEmpty else { return }
        // A cache that has everything may be read-only.
        try cache.prepare(reference.repository)
        try requireRoom(for: missing)
        let total = missing.reduce(0) { $0.addingReportingOverflow($1.metadata.size).partialValue }
        let meter = ByteMeter("download \(reference)", total: total, progress)
        for file in missing { try fetch(file, meter) }
        meter.finish("\(missing.count) files of \(meter.text(total))")
    }

    private mutating func fetch(_ file: Missing, _ meter: ByteMeter) throws {
        let (name, metadata) = (file.name, file.metadata)
        let blob = cache.blob(metadata.etag, of: reference.repository)
        let lock = try BlobLock(cache.lock(metadata.etag, of: reference.repository)) {
            progress(.note("waiting for another process that downloads \(name)"))
        }
        defer { withExtendedLifetime(lock) {} }
        // The other process may have brought it.
        if size(of: blob) != metadata.size {
            let (client, reference, listing) = (client, reference, listing)
            try BlobDownload(
                client: client,
                failure: HubFailure(reference: reference, settings: client.settings, file: name),
                metadata: metadata, blob: blob,
                renewed: { try client.metadata(of: name, in: reference, listing) },
                note: { [progress] in progress(.note($0)) }, progress: meter.file()
            ).run()
            downloaded += metadata.size - file.there
        }
        meter.end(file: metadata.size)
        try link(name, metadata)
    }

    /// - Throws: `UserError` if there can be no link, or the blob is itself a link that leads out of the cache.
    private func link(_ name: String, _ metadata: FileMetadata) throws {
        try cache.link(name, to: metadata.etag, of: reference.repository, commit: commit)
        _ = try cache.file(name, of: reference.repository, commit: commit)
    }

    /// - Throws: `UserError` if the disk lacks room. Sizes are the server's: their sum may exceed any number.
    private func requireRoom(for files: [Missing]) throws {
        var needed = 0
        for file in files {
            let (sum, overflow) = needed.addingReportingOverflow(file.metadata.size - file.there)
            needed = overflow ? .max : sum
        }
        guard let free = FileSystem.freeBytes(at: cache.root), needed > free else { return }
        throw UserError(
            "\(reference) needs \(ByteMeter.text(needed)), but \(ByteMeter.text(free)) are free",
            file: cache.root.path, hint: "free some space, or name another cache with HF_HUB_CACHE",
            status: .inputOutput)
    }

    /// The size of a file behind links; nil if it is not there.
    private func size(of url: URL) -> Int? {
        var status = stat()
        guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }
}
