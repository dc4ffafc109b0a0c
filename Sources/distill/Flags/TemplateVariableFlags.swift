import ArgumentParser
import Support
import Tokenization

/// The variables of a model's own chat template.
struct TemplateVariableFlags: ParsableArguments {
    @Option(
        name: .customLong("var"),
        help: ArgumentHelp(
            "Set a variable of the model's chat template, as in enable_thinking=false. Can be repeated.",
            valueName: "name=value"))
    var settings: [String] = []

    /// The variables.
    /// - Throws: `UserError` for what is not `name=value`.
    func variables() throws -> TemplateVariables {
        TemplateVariables(try settings.map(TemplateVariables.parse))
    }
}
