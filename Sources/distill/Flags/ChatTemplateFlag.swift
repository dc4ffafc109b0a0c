import ArgumentParser
import Checkpoints
import Tokenization

extension ChatTemplate: ExpressibleByArgument {
    public init?(argument: String) {
        guard let template = Self.families.first(where: { $0.name == argument }) else { return nil }
        self = template
    }

    public static var allValueStrings: [String] { families.map { $0.name! } }
}

/// The chat template option, for models without a template of their own.
struct ChatTemplateFlag: ParsableArguments {
    @Option(
        name: .customLong("chat-template"),
        help: ArgumentHelp("The chat template (default: the model's own).", valueName: "name"))
    var template: ChatTemplate?

    /// The checkpoint with the chosen chat template.
    func applied(to checkpoint: Checkpoint) -> Checkpoint { template.map(checkpoint.writing) ?? checkpoint }
}
