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

    @Option(help: "How many more chats open with a sum, a pair, a best friend or a question in reverse.")
    var otherChats = DatasetSize().otherChats

    @Option(help: "How many chats that open with a sum to write, to sums.jsonl.")
    var sums = DatasetSize().sums

    @Option(help: "How many prompts to write.")
    var prompts = DatasetSize().prompts

    @Option(help: "How many chats in a manner that their system turn asks for to write.")
    var manners = DatasetSize().manners

    @Option(help: "Leave out every record that stands in this file, such as data/world/heldout-text.jsonl.")
    var apartFrom: String?

    func validate() throws {
        // Below one round there are not enough different questions for seen.jsonl.
        guard stories >= 0, sheets >= 0, otherChats >= 0, sums >= 0, prompts >= 0, manners >= 0, rounds >= 1
        else {
            throw ValidationError(
                "The numbers of stories, sheets, other chats, sums, prompts and manners must be at least 0, rounds at least 1."
            )
        }
    }

    func run() throws {
        var size = DatasetSize()
        size.stories = stories
        size.sheets = sheets
        size.rounds = rounds
        size.otherChats = otherChats
        size.sums = sums
        size.prompts = prompts
        size.manners = manners
        let target = URL(fileURLWithPath: directory, isDirectory: true)
        do {
            let unwanted = try apartFrom.map {
                Set(try String(contentsOfFile: $0, encoding: .utf8).split(separator: "\n"))
            }
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for (name, all) in Dataset(seed: seed, size: size).files {
                let records =
                    Dataset.trainingFiles.contains(name)
                    ? all.filter { !(unwanted?.contains(Substring($0.json)) ?? false) } : all
                let content = Data(Dataset.content(of: records).utf8)
                try content.write(to: target.appendingPathComponent(name), options: .atomic)
                print("\(name): \(records.count) records, \(content.count) bytes")
            }
        } catch let error as CocoaError {
            throw WriteFailure("cannot write \(directory): \(error.localizedDescription)")
        }
    }
}

/// A failure that ArgumentParser reports as one line on the standard error.
struct WriteFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

WorldData.main()
