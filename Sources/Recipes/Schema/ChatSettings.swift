import Checkpoints
import RecipeSchema
import Tokenization

/// How a recipe's chats are written: with the template that it names, or with each model's own.
struct ChatSettings: Equatable, Sendable {
    /// The recipe's chat template; nil leaves it to the models.
    var template: ChatTemplate?
    /// Variables of the models' own templates.
    var variables = TemplateVariables()

    /// The template of a model.
    func template(of own: ChatTemplate?) -> ChatTemplate? { template ?? own?.setting(variables) }

    /// A model that writes its chats so.
    func applied(to checkpoint: Checkpoint) -> Checkpoint {
        guard template != nil || !variables.isEmpty else { return checkpoint }
        return template(of: checkpoint.chatTemplate).map(checkpoint.writing) ?? checkpoint
    }

    /// What a stage's result depends on, by the recipe's keys.
    var canonical: [String: CanonicalValue] {
        var keys: [String: CanonicalValue] = [:]
        if let template { keys["chat_template"] = .text(template.identity) }
        if !variables.isEmpty { keys["template_variables"] = .text(variables.description) }
        return keys
    }
}
