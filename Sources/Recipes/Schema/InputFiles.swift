import Checkpoints
import Corpora
import DatasetDistillation
import Evaluation
import Foundation
import Generation
import Signals
import Support
import Tokenization
import Transformer

/// The files that a recipe names, each looked at once, however many stages and variants name it.
///
/// A file is read as the stage will read it, with the stage's own code, up to what costs time: of weights names, shapes and
/// types, of text its first megabytes.
final class InputFiles {
    /// Text that is read of each file: a second of work.
    private static let textBytes = 4 << 20

    private struct Key: Hashable {
        var url: URL
        var use: FileUse
    }

    private var problems: [Key: UserError?] = [:]
    private var models: [URL: Result<CheckedCheckpoint, UserError>] = [:]
    private var tokenizers: [URL: Tokenizer?] = [:]
    private var manifests: [URL: SignalManifest?] = [:]

    /// Why a stage cannot use a file; nil if it can, as far as can be known.
    func problem(with url: URL, as use: FileUse) -> UserError? {
        let key = Key(url: url, use: use)
        if let known = problems[key] { return known }
        let found = userError { try check(url, as: use) }
        problems[key] = .some(found)
        return found
    }

    /// What a model is like; nil if it is not sound.
    func checkpoint(at url: URL) -> CheckedCheckpoint? { try? model(at: url).get() }

    /// The tokenizer of what has one; nil if there is none, or it is not sound.
    func tokenizer(at url: URL) -> Tokenizer? {
        if let known = tokenizers[url] { return known }
        let found =
            (try? model(at: url).get().tokenizer) ?? (try? Checkpoint.tokenizerAndTemplate(at: url).tokenizer)
        tokenizers[url] = .some(found)
        return found
    }

    /// The manifest of a signal cache; nil if it is not sound.
    func manifest(at url: URL) -> SignalManifest? {
        if let known = manifests[url] { return known }
        let found = try? SignalManifest(contentsOf: url)
        manifests[url] = .some(found)
        return found
    }

    private func model(at url: URL) -> Result<CheckedCheckpoint, UserError> {
        if let known = models[url] { return known }
        var found: CheckedCheckpoint?
        let problem = userError { found = try Checkpoint.check(url) }
        let result = problem.map(Result.failure) ?? .success(found!)
        models[url] = result
        return result
    }

    private func check(_ url: URL, as use: FileUse) throws {
        try requireRegular(url)
        switch use {
        case .weights: _ = try model(at: url).get()
        case .model:
            guard try model(at: url).get().tokenizer == nil else { return }
            throw UserError(
                "has no tokenizer", file: url.relativePath,
                hint: "put the tokenizer.model or tokenizer.json that it was trained with beside its weights",
                status: .noInput)
        case .tokenizer:
            if tokenizer(at: url) == nil { _ = try Checkpoint.tokenizerAndTemplate(at: url) }
        case .text: try checkText(url)
        case .prompts:
            // Prompts are read whole when they are answered; many of them are looked at like text.
            if isSmall(url) { _ = try SynthesisPrompt.read(url) } else { try checkText(url) }
        case .questions: _ = try TaskQuestion.read(url)
        case .chats: if isSmall(url) { _ = try AnsweredChat.read(url) } else { try checkText(url) }
        case .table: _ = try TableRows(contentsOf: url)
        case .filterReport: _ = try FilterReport(contentsOf: url)
        case .documents: try checkDocuments(url)
        case .signals:
            let manifest = try SignalManifest(contentsOf: url)
            manifests[url] = manifest
            try manifest.requireShards(in: url)
        case .sequences: try SyntheticSequences.check(url.appending(path: SyntheticSequences.fileName))
        }
    }

    /// Files are read more than once: for their digest, and by stages.
    private func requireRegular(_ url: URL) throws {
        guard let type = attribute(.type, of: url) as? FileAttributeType, type != .typeRegular,
            type != .typeDirectory
        else { return }
        throw UserError(
            "is neither a file nor a directory", file: url.relativePath,
            hint: "a recipe reads its files more than once: write what it holds to a file")
    }

    private func isSmall(_ url: URL) -> Bool {
        (attribute(.size, of: url) as? Int ?? 0) <= Self.textBytes
    }

    private func attribute(_ key: FileAttributeKey, of url: URL) -> Any? {
        (try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path))?[key]
    }

    private struct Enough: Error {}

    private func checkText(_ url: URL) throws {
        var bytes = 0
        do {
            try CorpusReader([url]).forEach { record in
                bytes += record.texts.reduce(0) { $0 + $1.utf8.count }
                if bytes > Self.textBytes { throw Enough() }
            }
        } catch is Enough {}
    }

    private func checkDocuments(_ url: URL) throws {
        var bytes = 0
        for file in try DocumentChunks.files(at: url) where bytes <= Self.textBytes {
            bytes += try DocumentChunks().chunks(of: file).reduce(0) { $0 + $1.text.utf8.count }
        }
    }

    /// What a check throws, which is always about the file.
    private func userError(_ body: () throws -> Void) -> UserError? {
        do {
            try body()
            return nil
        } catch let error as UserError {
            return error
        } catch {
            return UserError(error.localizedDescription, status: .noInput)
        }
    }
}

extension SyntheticSequences {
    /// The file in the directory that a stage makes of sequences.
    static let fileName = "sequences.safetensors"
}
