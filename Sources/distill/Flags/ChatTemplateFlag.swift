import ArgumentParser
import Checkpoints
import Support
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

    @OptionGroup var variables: TemplateVariableFlags

    /// The checkpoint with the chosen chat template, or its own with the variables that are set.
    /// - Throws: `UserError` for variables of a template that has none.
    func applied(to checkpoint: Checkpoint) throws -> Checkpoint {
        let chosen = try applied(to: checkpoint.chatTemplate)
        let isOwn = template == nil && variables.settings.isEmpty
        return isOwn ? checkpoint : chosen.map(checkpoint.writing) ?? checkpoint
    }

    /// The chosen chat template, or a model's own with the variables that are set.
    /// - Throws: `UserError` for variables of a template that has none.
    func applied(to own: ChatTemplate?) throws -> ChatTemplate? {
        let variables = try variables.variables()
        guard let own = template ?? own else { return nil }
        guard variables.isEmpty || own.takesVariables else {
            throw UserError(
                "--var: the chat template\(own.name.map { " \($0)" } ?? "") takes no variables",
                hint: "only a model's own template has them", status: .usage)
        }
        return variables.isEmpty ? own : own.setting(variables)
    }
}
