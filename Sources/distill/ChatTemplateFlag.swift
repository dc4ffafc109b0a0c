import ArgumentParser
import Checkpoints
import Support
import Tokenization

/// How chats are written, where a model does not say so itself.
struct ChatTemplateFlag: ParsableArguments {
    @Option(
        name: .customLong("chat-template"),
        help: ArgumentHelp(
            "How chats are written: \(ChatTemplate.families.map { $0.name! }.joined(separator: ", ")).",
            discussion: "The model's own when left out.", valueName: "name"))
    var name: String?

    func validate() throws {
        guard let name, template == nil else { return }
        let known = ChatTemplate.families.map { $0.name! }.joined(separator: ", ")
        throw ValidationError("--chat-template \(name) is not known; accepted: \(known)")
    }

    private var template: ChatTemplate? { ChatTemplate.families.first { $0.name == name } }

    /// The checkpoint, its chats written as the flag says.
    func applied(to checkpoint: Checkpoint) -> Checkpoint { template.map(checkpoint.writing) ?? checkpoint }
}
