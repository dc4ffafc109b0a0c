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

/// How chats are written, where a model does not say so itself.
struct ChatTemplateFlag: ParsableArguments {
    @Option(
        name: .customLong("chat-template"),
        help: ArgumentHelp("How chats are written; the model's own way when left out.", valueName: "name"))
    var template: ChatTemplate?

    /// The checkpoint, its chats written as the flag says.
    func applied(to checkpoint: Checkpoint) -> Checkpoint { template.map(checkpoint.writing) ?? checkpoint }
}
