import Foundation
import World

/// The data set of the committed size, generated once for all tests.
let dataset = Dataset()

/// The committed files.
let committedDirectory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("data/world")

/// The records of one generated file.
func records(_ name: String) -> [Record] {
    guard let file = dataset.files.first(where: { $0.name == name }) else {
        preconditionFailure("the data set has no file \(name)")
    }
    return file.records
}

/// All records that a model may train on.
// The committed size has no file of sums.
let trainingRecords = Dataset.trainingFiles.filter { $0 != "sums.jsonl" }.flatMap(records)

/// The words of a text, in lower case.
func words(of text: String) -> [String] {
    text.split(whereSeparator: { !$0.isLetter }).map { $0.lowercased() }
}

extension Record {
    var userTurns: [String] { turns.filter { $0.role == .user }.map(\.content) }
    var assistantTurns: [String] { turns.filter { $0.role == .assistant }.map(\.content) }
    var systemTurn: String? { turns.first { $0.role == .system }?.content }

    var answers: [String] {
        if case .question(_, let answers) = self { return answers }
        return []
    }
}
