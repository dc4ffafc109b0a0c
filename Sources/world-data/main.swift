import ArgumentParser
import Foundation
import World

/// Writes the fictional world's files, for example `swift run -c release world-data data/world`.
struct WorldData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "world-data",
        abstract: "Write the data of the fictional world.",
        discussion: "With the default sizes and seed the files are byte for byte those in data/world.")

    @Argument(help: "The directory to write to; it is created if it does not exist.")
    var directory: String

    @Option(help: "The seed of the world.")
    var seed: UInt64 = 2_024

    @Option(help: "How many stories to write.")
    var stories = DatasetSize().stories

    @Option(help: "How many chats with a sheet to write.")
    var sheets = DatasetSize().sheets

    @Option(help: "How often chats go over all facts.")
    var rounds = DatasetSize().rounds

    @Option(help: "How many prompts to write.")
    var prompts = DatasetSize().prompts

    func validate() throws {
        // Below one round there are not enough different questions for seen.jsonl.
        guard stories >= 0, sheets >= 0, prompts >= 0, rounds >= 1 else {
            throw ValidationError(
                "The numbers of stories, sheets and prompts must be at least 0, rounds at least 1.")
        }
    }

    func run() throws {
        var size = DatasetSize()
        size.stories = stories
        size.sheets = sheets
        size.rounds = rounds
        size.prompts = prompts
        let target = URL(fileURLWithPath: directory, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for (name, records) in Dataset(seed: seed, size: size).files {
                let content = Data(Dataset.content(of: records).utf8)
                try content.write(to: target.appendingPathComponent(name), options: .atomic)
                print("\(name): \(records.count) records, \(content.count) bytes")
            }
        } catch let error as CocoaError {
            throw WriteFailure("cannot write to \(directory): \(error.localizedDescription)")
        }
    }
}

/// A failure that ArgumentParser reports as one line on the standard error.
struct WriteFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

WorldData.main()
