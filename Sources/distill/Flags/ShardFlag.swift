import ArgumentParser
import Support

/// The `--shard` option of commands that work on one shard of their input.
struct ShardFlag: ParsableArguments {
    @Option(
        name: .customLong("shard"),
        help: ArgumentHelp(
            "Work on shard i of n alone, i from 1; `distill merge` joins the n outputs. auto/n takes i from SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK + 1 or JOB_COMPLETION_INDEX + 1.",
            valueName: "i/n"))
    var text: String?

    func validate() throws { _ = try shard }

    /// The shard; nil for the whole.
    ///
    /// - Throws: `ValidationError` for what is no shard
    var shard: Shard? {
        get throws {
            do {
                return try text.map { try Shard($0) }
            } catch let error as UserError {
                throw ValidationError("--shard \(error.description)")
            }
        }
    }
}
