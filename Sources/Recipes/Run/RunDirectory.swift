import Foundation
import Support

/// A run directory, held for this process:
///
///     recipe.yaml  run.json  events.jsonl  report.md  report.html
///     stages/KIND-CACHEKEY/{stage.json, metrics.jsonl, work/, the outputs}
///     stages/endpoints/NAME-DIGEST.answers
///     NAME → the output of the stage that makes NAME (in a folder per run, for a study)
///
/// Each output exists once, in the directory of its stage; under the names of a recipe there are relative links, so that a
/// run directory can be moved or copied as a whole.
final class RunDirectory {
    let url: URL
    private let lock: DirectoryLock
    private let events: AppendLog

    var stages: URL { url.appending(path: "stages", directoryHint: .isDirectory) }
    /// Where the answers of endpoints are kept.
    var journals: URL { stages.appending(path: "endpoints", directoryHint: .isDirectory) }
    private var recordURL: URL { url.appending(path: "run.json") }

    /// Creates or opens the directory and locks it.
    ///
    /// - Parameter fresh: Whether to remove what an earlier run left.
    /// - Throws: `UserError` if another process uses it, it belongs to another recipe, or is no run directory.
    init(_ url: URL, for plan: Plan, fresh: Bool) throws {
        self.url = url
        let recipe = URL(filePath: plan.file.path, relativeTo: plan.file.directory).standardizedFileURL
        try Self.checkOwner(of: url, recipe: recipe, fresh: fresh)
        try FileManager.default.createDirectories(at: url)
        lock = try DirectoryLock(directory: url)
        try Self.checkOwner(of: url, recipe: recipe, fresh: fresh)
        if fresh {
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path) where name != ".lock" {
                try FileManager.default.removeItem(at: url.appending(path: name))
            }
        }
        try TemporaryNames.removeLeftovers(in: url)
        events = try AppendLog(at: url.appending(path: "events.jsonl"))
        try FileManager.default.createDirectories(at: stages)
    }

    /// A directory is ours if it is empty or its record names this recipe file. A record whose recipe file is gone
    /// (renamed, or on another machine) has no owner: the next recipe of the same name takes the directory over.
    private static func checkOwner(of url: URL, recipe: URL, fresh: Bool) throws {
        guard try FileManager.default.exists(at: url) else { return }
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
        guard names.contains(where: { $0 != ".lock" }) else { return }
        let recordFile = url.appending(path: "run.json")
        guard try FileManager.default.exists(at: recordFile) else {
            // A run that was killed before its first record has left these files only.
            if Set(names).isSubset(of: [".lock", "events.jsonl", "stages", "recipe.yaml"]) { return }
            throw UserError(
                "the directory is not a run directory", file: url.relativePath,
                hint: "name another with --runs, or change the recipe's name", status: .cannotCreate)
        }
        let data = try ConfigurationFile.read(recordFile)
        guard let record = try? JSONDecoder.forRecords.decode(RunRecord.self, from: data) else {
            throw UserError(
                "run.json is not a run's record of this version", file: url.relativePath,
                hint: "remove the directory, or name another with --runs", status: .cannotCreate)
        }
        guard fresh || record.format == RunRecord.formatVersion else {
            throw UserError(
                "the directory was written by another version of distill (format \(record.format), this one has "
                    + "\(RunRecord.formatVersion)), whose finished stages cannot be reused",
                file: url.relativePath,
                hint: "do the run again with --fresh, or name another directory with --runs",
                status: .cannotCreate)
        }
        let snapshot = url.appending(path: "recipe.yaml").standardizedFileURL
        let owner = URL(filePath: record.recipe).standardizedFileURL
        if owner != recipe, snapshot != recipe, FileManager.default.fileExists(atPath: owner.path) {
            throw UserError(
                "the directory belongs to another recipe of this name, \(record.recipe)",
                file: url.relativePath,
                hint: "change the recipe's name, or name another directory with --runs",
                status: .cannotCreate)
        }
    }

    func write(_ record: RunRecord) throws {
        try AtomicFile.write(JSONEncoder.forRecords.encode(record), to: recordURL)
    }

    func write(_ text: String, named name: String) throws {
        try AtomicFile.write(Data(text.utf8), to: url.appending(path: name))
    }

    // MARK: Stages

    func directory(of instance: StageInstance) -> URL {
        stages.appending(path: instance.directoryName, directoryHint: .isDirectory)
    }

    func outputs(of instance: StageInstance) -> [URL] {
        instance.stage.outputs.map { directory(of: instance).appending(path: $0.file) }
    }

    /// Whether all outputs of the stage are there.
    func hasOutputs(of instance: StageInstance) -> Bool {
        outputs(of: instance).allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// The digests of everything a stage made.
    func digests(of instance: StageInstance) throws -> ArtifactDigests {
        try ArtifactDigests(
            of: instance.stage.outputs.map(\.file) + ["metrics.jsonl"], in: directory(of: instance))
    }

    func metrics(of instance: StageInstance) -> URL {
        directory(of: instance).appending(path: "metrics.jsonl")
    }

    /// The record of a finished stage whose outputs are still there.
    func record(of instance: StageInstance) -> StageRecord? {
        guard let record = try? StageRecord(contentsOf: recordURL(of: instance)),
            record.cacheKey == instance.cacheKey, hasOutputs(of: instance)
        else { return nil }
        return record
    }

    private func recordURL(of instance: StageInstance) -> URL {
        directory(of: instance).appending(path: "stage.json")
    }

    /// Whether a run directory, which need not exist, has a record of a stage.
    static func isRecorded(_ instance: StageInstance, in directory: URL) -> Bool {
        FileManager.default.fileExists(
            atPath: directory.appending(path: "stages/\(instance.directoryName)/stage.json").path)
    }

    /// Removes what is damaged of a finished stage, which is then unfinished: its record, and every file that has not the
    /// digest it was written with. What is whole is left for the stage to resume from.
    ///
    /// - Returns: the files that are damaged or missing, none of a sound or unfinished stage
    func removeDamaged(of instance: StageInstance) throws -> [URL] {
        let manager = FileManager.default
        let url = recordURL(of: instance)
        guard manager.fileExists(atPath: url.path) else { return [] }
        var damaged = [url]
        if let record = try? StageRecord(contentsOf: url) {
            let directory = directory(of: instance)
            damaged = record.digests.changed(in: directory).map { directory.appending(path: $0) }
            if damaged.isEmpty { return [] }
        }
        for file in damaged + [url] where manager.fileExists(atPath: file.path) {
            try manager.removeItem(at: file)
        }
        return damaged
    }

    /// Marks a stage finished.
    func finish(_ instance: StageInstance, _ record: StageRecord) throws {
        try record.save(to: recordURL(of: instance))
    }

    /// An error about a damaged file of a stage, with the hint to repeat that stage. Without deleting its directory the run would
    /// find the stage finished.
    func advising(_ error: UserError) -> UserError {
        guard error.status == .dataFormat, let file = error.file else { return error }
        let path = URL(filePath: file).standardizedFileURL.path
        let prefix = stages.standardizedFileURL.path + (stages.path.hasSuffix("/") ? "" : "/")
        guard path.hasPrefix(prefix), let name = path.dropFirst(prefix.count).split(separator: "/").first
        else {
            return error
        }
        var error = error
        error.hint =
            "delete \(stages.appending(path: String(name)).relativePath) and run the recipe again: it repeats that stage"
        return error
    }

    // MARK: Links

    /// Links the stage's outputs under their names in the folder of every run that has them.
    func link(_ instance: StageInstance, in plan: Plan) throws {
        for run in plan.runs where run.stages.contains(instance.cacheKey) {
            let folder = run.folder.map { url.appending(path: $0) } ?? url
            try FileManager.default.createDirectories(at: folder)
            let up = run.folder == nil ? "" : "../"
            let target = "\(up)stages/\(instance.directoryName)/"
            // A stage shared by two runs may have other names in each.
            for (output, link) in zip(instance.stage.outputs, run.links[instance.cacheKey] ?? []) {
                try replaceLink(at: folder.appending(path: link), with: target + output.file)
            }
        }
    }

    /// Removes the links and reports of an earlier run, so that all that remain are this recipe's.
    func removeViews(of plan: Plan) throws {
        let manager = FileManager.default
        let folders = [url] + plan.runs.compactMap { $0.folder.map { url.appending(path: $0) } }
        for folder in folders where manager.fileExists(atPath: folder.path) {
            for name in try manager.contentsOfDirectory(atPath: folder.path) {
                let path = folder.appending(path: name).path
                let target = try? manager.destinationOfSymbolicLink(atPath: path)
                let isOurs = target?.hasPrefix("stages/") == true || target?.hasPrefix("../stages/") == true
                if isOurs || folder == url && ["report.md", "report.html"].contains(name) {
                    try manager.removeItem(atPath: path)
                }
            }
        }
    }

    private func replaceLink(at link: URL, with target: String) throws {
        let manager = FileManager.default
        if (try? manager.destinationOfSymbolicLink(atPath: link.path)) == target { return }
        let existing = try? manager.attributesOfItem(atPath: link.path)[.type] as? FileAttributeType
        if let existing, existing != .typeSymbolicLink {
            throw UserError(
                "is in the way of a link", file: link.relativePath, hint: "move it away",
                status: .cannotCreate)
        }
        let temporary = link.deletingLastPathComponent().appending(path: ".\(link.lastPathComponent).link")
        try? manager.removeItem(at: temporary)
        do {
            try manager.createSymbolicLink(atPath: temporary.path, withDestinationPath: target)
        } catch {
            throw UserError(
                "cannot create a link: \(error.localizedDescription)", file: link.relativePath,
                hint: "keep runs on a file system with symbolic links", status: .cannotCreate)
        }
        guard rename(temporary.path, link.path) == 0 else {
            throw UserError.system(errno, "cannot create a link", at: link, while: .writing)
        }
    }

    // MARK: Events

    private struct EventLine: Encodable {
        var time: String
        var event: String
        var stage: String?
        var text: String?
    }

    /// Keeps beginnings, ends and notes; the numbers in between are in each stage's metrics.
    func log(_ event: ProgressEvent) throws {
        let time = Date().formatted(.iso8601)
        switch event {
        case .began(let stage, _, _): try events.append(EventLine(time: time, event: "began", stage: stage))
        case .entered, .advanced, .status: break
        case .finished(let stage, let summary):
            try events.append(EventLine(time: time, event: "finished", stage: stage, text: summary))
        case .note(let text): try events.append(EventLine(time: time, event: "note", text: text))
        }
    }
}
