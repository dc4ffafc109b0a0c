import Foundation
import Support

/// `stage.json`, written last: it marks the stage of this directory as finished.
struct StageRecord: Codable {
    /// Since version 3 a record has `cache_key` and `metrics`.
    static let formatVersion = 3

    var format = StageRecord.formatVersion
    var cacheKey: Fingerprint
    var kind: String
    var label: String
    var seed: UInt64
    /// The stage's keys in normal form, with inputs under the names the recipe gave them.
    var settings: String
    var started: Date
    var seconds: Double
    var result: StageResult
    /// Of everything that the stage made.
    var digests: ArtifactDigests
    /// SHA-256 of everything else in the file; nil in memory.
    private var checksum: Fingerprint?

    init(
        cacheKey: Fingerprint, kind: String, label: String, seed: UInt64, settings: String, started: Date,
        seconds: Double, result: StageResult, digests: ArtifactDigests
    ) {
        self.cacheKey = cacheKey
        self.kind = kind
        self.label = label
        self.seed = seed
        self.settings = settings
        // As it is written: with whole seconds, the record that is read equals the one that was saved.
        self.started = Date(timeIntervalSince1970: started.timeIntervalSince1970.rounded(.down))
        self.seconds = seconds
        self.result = result
        self.digests = digests
    }

    /// - Throws: when there is no record, or it is not as it was written
    init(contentsOf url: URL) throws {
        self = try JSONDecoder.forRecords.decode(StageRecord.self, from: ConfigurationFile.read(url))
        let written = checksum.take()
        let actual = Fingerprint(of: try JSONEncoder.forRecords.encode(self))
        guard format == Self.formatVersion, written == actual else {
            throw UserError(
                "is damaged: its content has not the SHA-256 it was written with", file: url.relativePath)
        }
    }

    func save(to url: URL) throws {
        var content = self
        content.checksum = Fingerprint(of: try JSONEncoder.forRecords.encode(self))
        try AtomicFile.write(JSONEncoder.forRecords.encode(content), to: url)
    }
}
