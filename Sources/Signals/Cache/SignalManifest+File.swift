import Foundation
import Support

extension SignalManifest {
    static func url(in directory: URL) -> URL { directory.appendingPathComponent("manifest.json") }

    /// Reads the manifest of a cache.
    ///
    /// - Parameter directory: of the cache
    /// - Throws: `UserError` when there is no manifest, or it is damaged or of another version
    public init(contentsOf directory: URL) throws {
        let url = Self.url(in: directory)
        guard try FileManager.default.exists(at: url) else {
            throw UserError(
                "is not a finished signal cache: it has no manifest.json", file: directory.relativePath,
                hint: "make it with distill label, or let an interrupted one finish", status: .noInput)
        }
        let data = try ConfigurationFile.read(url)
        struct Version: Codable { var format: Int }
        do {
            let version = try JSONDecoder().decode(Version.self, from: data).format
            guard version == Self.currentFormat else {
                throw UserError(
                    "has format \(version); this version reads \(Self.currentFormat)", file: url.relativePath,
                    hint: "label the corpus again")
            }
            self = try JSONDecoder().decode(SignalManifest.self, from: data)
        } catch let error as DecodingError {
            throw UserError(
                "is not a signal cache's manifest: \(error.explanation)", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
        try requireSoundNumbers(url)
        let written = checksum
        checksum = nil
        guard try written == Fingerprint(of: encoded()) else {
            throw UserError(
                "is damaged: its content is not what was written", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
    }

    /// Refuses numbers that `label` does not write: sizes that are negative or beyond any memory, and options out of range.
    private func requireSoundNumbers(_ url: URL) throws {
        func refuse(_ problem: String) -> UserError {
            UserError(
                "is not a signal cache's manifest: \(problem)", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
        let problems = [
            origin.kind.problem, SparseSignal.temperatureLimits.problem("temperature", origin.temperature),
            (1...Int(Int32.max)).problem("vocabularySize", origin.vocabularySize),
            (1...Int.max).problem("teacherContextLength", origin.teacherContextLength ?? 1),
            origin.hidden?.problem,
        ]
        if let problem = problems.compactMap({ $0 }).first { throw refuse(problem) }
        for shard in shards {
            if let problem = shard.problem { throw refuse("\(shard.file): \(problem)") }
        }
    }

    /// Refuses a cache of which a shard is missing or has another size than the manifest says.
    ///
    /// - Throws: `UserError` naming the shard
    public func requireShards(in directory: URL) throws {
        for shard in shards {
            let url = directory.appending(path: shard.file)
            let size =
                try? FileManager.default.attributesOfItem(
                    atPath: url.resolvingSymlinksInPath().path)[.size] as? Int
            guard size != shard.bytes else { continue }
            throw UserError(
                size.map { "has \($0) bytes, not \(shard.bytes)" } ?? "is missing", file: url.relativePath,
                hint: "label the corpus again", status: size == nil ? .noInput : .dataFormat)
        }
    }

    func save(in directory: URL) throws {
        var content = self
        content.checksum = Fingerprint(of: try encoded())
        try AtomicFile.write(try content.encoded(), to: Self.url(in: directory))
    }

    /// The same bytes for the same content.
    private func encoded() throws -> Data {
        try JSONEncoder.stablePretty.encode(self)
    }
}
