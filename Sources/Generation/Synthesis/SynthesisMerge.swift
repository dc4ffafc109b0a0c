import Foundation
import Support

/// Joins the shards of a synthetic corpus: the outputs of `Synthesis` with `Options.shard`, each with its `FILE.origin`.
///
///     let merge = try SynthesisMerge([URL(filePath: "corpus-1.jsonl"), URL(filePath: "corpus-2.jsonl")])
///     try merge.write(to: URL(filePath: "corpus.jsonl"))
///
/// The result, with its origin, has the bytes of a run without shards, whatever their number.
public struct SynthesisMerge {
    /// The shards in order.
    private let files: [URL]
    /// Of the whole corpus.
    private let origin: SynthesisOrigin

    /// Checks the shards.
    ///
    /// - Parameter files: the outputs, in any order; at least one
    /// - Complexity: O(bytes of the files)
    /// - Throws: `UserError` that names the file and what it lacks: a shard that is missing, there twice, unfinished, changed since it was
    ///   written, or made from another model, other prompts or options
    public init(_ files: [URL]) throws {
        precondition(!files.isEmpty, "no shard")
        let origins = try files.map(Self.origin)
        let order = try Shard.order(zip(files, origins).map { ($1.options.shard, $0.relativePath) }) {
            origins[$0].ofWholeCorpus.differences(from: origins[0].ofWholeCorpus)
        }
        for (file, origin) in zip(files, origins) where try Fingerprint(fileAt: file) != origin.output {
            throw UserError(
                "is not what was written: its SHA-256 is another", file: file.relativePath,
                hint: "copy it again, or generate shard \(origin.options.shard!) again")
        }
        self.files = order.map { files[$0] }
        var whole = origins[order[0]].ofWholeCorpus
        whole.output = try Fingerprint(concatenating: self.files)
        origin = whole
    }

    /// The origin of a finished shard.
    private static func origin(of file: URL) throws -> SynthesisOrigin {
        let unfinished = UnfinishedSynthesis(output: file)
        guard try FileManager.default.exists(at: file) else {
            let isBegun = try FileManager.default.exists(at: unfinished.url)
            throw UserError(
                isBegun ? "is unfinished" : "no such file", file: file.relativePath,
                hint: isBegun ? "run distill generate again, which resumes it" : nil, status: .noInput)
        }
        guard let origin = try unfinished.origin() else {
            throw UserError(
                "nothing says what it was made from: \(file.lastPathComponent).origin is missing",
                file: file.relativePath, hint: "put it beside the file, as distill generate wrote it",
                status: .noInput)
        }
        guard origin.isPartial != true, origin.output != nil else {
            throw UserError(
                "is unfinished: a budget left prompts to ask", file: file.relativePath,
                hint: "run distill generate again with a larger budget")
        }
        return origin
    }

    /// Writes the corpus and its origin; does nothing where both are there.
    ///
    /// - Returns: the number of records
    /// - Throws: `UserError` when the output exists and is another, or the disk refuses
    @discardableResult
    public func write(to output: URL) throws -> Int {
        let unfinished = UnfinishedSynthesis(output: output)
        if try unfinished.isFinished(origin) {
            guard try unfinished.origin()?.output == origin.output else {
                throw UserError(
                    "exists, and has other records than the shards", file: output.relativePath,
                    hint: "name another output, or delete it", status: .cannotCreate)
            }
        } else {
            guard try !FileManager.default.exists(at: unfinished.url) else {
                throw UserError(
                    "is unfinished work of distill generate", file: unfinished.url.relativePath,
                    hint: "name another output, or delete it", status: .cannotCreate)
            }
            // First, so that there is no output without it.
            try unfinished.write(origin)
            try AtomicFile.write(to: output) { writer in
                for file in files { try writer.write(contentsOf: file) }
            }
        }
        return try JSONLines.count(of: output)
    }
}

extension SynthesisOrigin {
    /// The origin of the corpus that this is a shard of.
    fileprivate var ofWholeCorpus: SynthesisOrigin {
        var whole = self
        whole.options.shard = nil
        return whole
    }
}
