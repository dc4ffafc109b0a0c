import Foundation
import Support

/// The files of a synthesis: `OUTPUT.partial` with the records so far, which becomes `OUTPUT`; `OUTPUT.partial.sha256` with the
/// digest of each; and `OUTPUT.origin` with what they are made from and, at the end, the output's digest, which remains.
final class UnfinishedSynthesis {
    let output: URL
    private var lock: FileLock?
    private var digests: LineDigests?

    init(output: URL) { self.output = output }

    var url: URL { output.appendingPathExtension("partial") }
    private var originURL: URL { output.appendingPathExtension("origin") }

    /// Whether the output exists, made from `origin`.
    ///
    /// - Throws: `UserError` when it exists and was made from something else, or was changed
    func isFinished(_ origin: SynthesisOrigin) throws -> Bool {
        guard FileManager.default.fileExists(atPath: output.path) else { return false }
        guard let found = try self.origin() else {
            throw UserError(
                "exists, and nothing says what it was made from", file: output.relativePath,
                hint: "delete it, or name another output", status: .cannotCreate)
        }
        try require(origin, found, what: "was made with other settings", file: output)
        // A budget left prompts unasked.
        if found.isPartial == true { return false }
        if let written = found.output, try Fingerprint(fileAt: output) != written {
            throw UserError(
                "has changed since it was written: its SHA-256 is another", file: output.relativePath,
                hint: hint)
        }
        // A process may have been killed right after renaming the output.
        try LineDigests.remove(of: url)
        return true
    }

    /// Opens the records so far, none at first. The first record that does not match `prompts` and `samples` is dropped with all
    /// after it: a power failure may have left anything at the end.
    ///
    /// - Parameters:
    ///   - prompts: indices of the prompts that are answered
    ///   - keepsRecords: whether the records so far are kept; otherwise they are made again
    /// - Returns: the records, and the number of tokens of their answers; more are added with `append`
    /// - Throws: `UserError` when the records were made from something else or are being made by another process, or
    ///   when the directory cannot be written
    func open(
        for origin: SynthesisOrigin, samples: Int, prompts: [Int], keepsRecords: Bool = true
    ) throws -> (log: AppendLog, tokens: Int) {
        lock = try FileLock(url)
        if try MappedFile(contentsOf: url).count == 0 {
            // There are no records yet; an origin that was left behind describes none.
            try write(origin)
        } else if let found = try self.origin() {
            try require(origin, found, what: "is unfinished work of other settings", file: url)
        } else {
            // Records without an origin may come from anything.
            throw UserError(
                "exists, and nothing says what it was made from", file: url.relativePath, hint: hint,
                status: .cannotCreate)
        }
        // Removes a torn last line.
        let whole = try AppendLog(at: url)
        let digests = try LineDigests(of: url)
        let (sound, tokens) =
            keepsRecords
            ? try soundRecords(in: url, samples: samples, prompts: prompts, digests: try digests.read())
            : (0, 0)
        let log = sound < whole.lineCount ? try AppendLog(at: url, truncatingToLines: sound) : whole
        self.digests = try digests.truncated(to: sound)
        return (log, tokens)
    }

    /// Adds a record to those that `open` gave.
    func append(_ record: SyntheticRecord, to log: AppendLog) throws {
        let line = try AppendLog.line(record)
        try log.append(line: line)
        try digests!.append(line: line)
    }

    /// What the output, or its unfinished work, was made from; nil if nothing says so.
    ///
    /// - Throws: `UserError` when the file that says so cannot be read or is damaged
    func origin() throws -> SynthesisOrigin? {
        guard try FileManager.default.exists(at: originURL) else { return nil }
        let data = try ConfigurationFile.read(originURL)
        guard let found = try? JSONDecoder().decode(SynthesisOrigin.self, from: data) else {
            throw UserError("is damaged", file: originURL.relativePath, hint: hint)
        }
        return found
    }

    /// Writes what the output is made from.
    func write(_ origin: SynthesisOrigin) throws {
        try AtomicFile.write(try JSONEncoder.stable.encode(origin) + [10], to: originURL)
    }

    /// Number of records in the finished output.
    func finishedRecords(samples: Int, prompts: [Int]) throws -> Int {
        try soundRecords(in: output, samples: samples, prompts: prompts).count
    }

    /// The most tokens of a record; with a larger number a file is not ours, and sums stay within an Int.
    private static let mostTokens = 1 << 32

    /// Number of records, from the first, that are as they were written and in order, and the tokens of their answers.
    private func soundRecords(
        in url: URL, samples: Int, prompts: [Int], digests: [Fingerprint]? = nil
    ) throws -> (count: Int, tokens: Int) {
        let lines = try JSONLines(contentsOf: url)
        var (count, tokens) = (0, 0)
        while count < min(prompts.count * samples, digests?.count ?? .max), let line = try? lines.next(),
            line.number == count + 1, digests.map({ $0[count] == Fingerprint(of: line.bytes) }) ?? true,
            let record = try? line.decode(SyntheticRecord.self),
            record.meta.prompt == prompts[count / samples], record.meta.sample == count % samples,
            (0...Self.mostTokens).contains(record.meta.tokens)
        {
            count += 1
            tokens += record.meta.tokens
        }
        return (count, tokens)
    }

    /// Refuses work that was made from something else.
    private func require(
        _ origin: SynthesisOrigin, _ found: SynthesisOrigin, what: String, file: URL
    ) throws {
        let differences = origin.differences(from: found)
        guard differences.isEmpty else {
            throw UserError(
                "\(what): \(differences.joined(separator: "; "))", file: file.relativePath, hint: hint,
                status: .cannotCreate)
        }
    }

    private var hint: String {
        let name = output.lastPathComponent
        if FileManager.default.fileExists(atPath: output.appendingPathExtension("answers").path) {
            return "name another output, or delete \(name), \(name).origin and \(name).partial*: "
                + "the answers in \(name).answers are used again where they fit"
        }
        return "delete \(output.lastPathComponent)* to start again from the beginning, or name another output"
    }

    /// Renames the records to the output, and writes its digest to the origin.
    func finish(_ origin: SynthesisOrigin) throws {
        var origin = origin
        origin.output = try Fingerprint(fileAt: url)
        try write(origin)
        try AtomicFile.install(url, as: output)
        try LineDigests.remove(of: url)
    }
}
