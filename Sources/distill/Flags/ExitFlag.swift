import ArgumentParser
import Checkpoints
import Foundation
import Support

/// The early-exit option of commands that run a model.
struct ExitFlag: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Early exit: use the model up to this layer, counted from 1, one of those it was trained with in `exits`.",
            valueName: "layer"))
    var exit: Int?

    func validate() throws {
        if let exit { try require((1...512).problem("--exit", exit)) }
    }

    /// Loads a model, truncated at the exit.
    func model(_ url: URL) throws -> Checkpoint { try Checkpoint.load(url).ending(at: exit) }

    /// The model's name in records, with the exit: unfinished work of another exit is not resumed.
    func name(_ path: String) -> String {
        exit.map { "\(path), exit \($0)" } ?? path
    }
}
