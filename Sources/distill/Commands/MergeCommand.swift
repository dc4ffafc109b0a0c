import ArgumentParser
import Foundation
import Generation
import Signals
import Support

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the shards that generate and label made with --shard.",
        discussion: """
            All n shards are named, in any order. The result has the bytes of a run without shards. A shard that is \
            missing, there twice, unfinished, damaged, or made from another model, other options or another corpus is \
            refused by name. Each corpus is given with its FILE.origin beside it.

            EXAMPLES
              distill generate teacher --prompts prompts.jsonl --shard 1/2 --output corpus-1.jsonl
              distill generate teacher --prompts prompts.jsonl --shard 2/2 --output corpus-2.jsonl
              distill merge corpus-1.jsonl corpus-2.jsonl --output corpus.jsonl
              distill label teacher --corpus corpus.jsonl --shard auto/8 --output signals-$SLURM_ARRAY_TASK_ID
              distill merge signals-* --output signals
            """)

    @Argument(
        help: ArgumentHelp("The shards: files of generate, or directories of label.", valueName: "shard"))
    var shards: [String]
    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file or directory to write.", valueName: "path"))
    var output: String
    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    /// What `merge --json` prints.
    private struct Report: Encodable {
        let path: String
        let shards, records: Int
    }

    func validate() throws {
        try StandardStreams.refuse(output, for: "what shards are merged to")
        if shards.contains(StandardStreams.name) {
            throw ValidationError("a shard is not read from standard input: name its file")
        }
    }

    func run() throws {
        try general.running(advice: "run the same command to resume") {
            try OutputCheck.refuse(output, amongInputs: shards)
            let progress = general.progressLine()
            defer { progress.clear() }
            let records = try merge(progress: progress.handler)
            progress.clear()
            if json {
                return try printJSON(Report(path: output, shards: shards.count, records: records))
            }
            try Console.summarize("\(output): \(records) records of \(shards.count) shards", of: output)
        }
    }

    /// Returns the number of records.
    private func merge(progress: @escaping ProgressHandler) throws -> Int {
        let (inputs, output) = (shards.map { URL(filePath: $0) }, URL(filePath: output))
        guard let directory = inputs.first(where: { Self.isDirectory($0) == true }) else {
            return try SynthesisMerge(inputs).write(to: output)
        }
        if let file = inputs.first(where: { Self.isDirectory($0) == false }) {
            throw UserError(
                "is a file, and \(directory.relativePath) a directory", file: file.relativePath,
                hint: "merge corpora and signal caches apart", status: .configuration)
        }
        return try SignalMerge(inputs).write(to: output, progress: progress).records
    }

    /// Nil where there is nothing.
    private static func isDirectory(_ url: URL) -> Bool? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else { return nil }
        return isDirectory.boolValue
    }
}
