import ArgumentParser
import Checkpoints
import Foundation
import Support

/// The layer a model ends after: an option of the commands that run one.
struct ExitFlag: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "End the model after this layer, from 1: one that it was trained with in `exits`.",
            valueName: "layer"))
    var exit: Int?

    func validate() throws {
        if let exit { try require((1...512).problem("--exit", exit)) }
    }

    /// The model of a path, ending there.
    func model(_ path: String) throws -> Checkpoint {
        try Checkpoint.load(URL(filePath: path)).ending(at: exit)
    }

    /// What records call it: unfinished work of another exit is not gone on with.
    func name(_ path: String) -> String {
        exit.map { "\(path), exit \($0)" } ?? path
    }
}
