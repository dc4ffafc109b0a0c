import Foundation
import Support

/// How chats are written as text and as token ids.
///
/// A template is either a model's own, in Jinja, which is rendered as transformers renders it, or prefixes and suffixes for
/// each role: those that have names (`families`), and those that a recipe spells out. Both know which characters a message
/// wrote, so no message can forge a marker.
///
///     let template = ChatTemplate.recognize(jinja: source)?.fitted(to: tokenizer)
///     let chat = try template.encode([Message(role: .user, content: "Who sings?")], with: tokenizer)
public struct ChatTemplate: Equatable, Sendable {
    /// The prefix and the suffix of a message.
    public typealias Turn = ChatTurn

    enum Form: Equatable, Sendable {
        /// Prefixes and suffixes.
        case turns(TurnTemplate)
        /// A model's own Jinja.
        case rendered(RenderedTemplate)
    }

    let form: Form

    init(_ form: Form) { self.form = form }

    init(_ turns: TurnTemplate) { form = .turns(turns) }

    /// A template that a recipe spells out.
    ///
    /// - Parameters:
    ///   - assistant: The first piece of what follows the message ends the model's answers, so there must be something.
    ///   - symbols: Pieces of the vocabulary that the turns spell, such as `<|im_end|>`.
    public init(system: Turn, user: Turn, assistant: Turn, symbols: [String] = []) {
        precondition(!assistant.after.isEmpty, "nothing ends an answer")
        self.init(TurnTemplate(system: .own(system), user: user, assistant: assistant, symbols: symbols))
    }

    /// The template that a model comes with. One of ours, or a published one that is known to render every chat as one of
    /// ours does, is taken for it; every other is rendered.
    ///
    /// - Parameter toolUse: The model's other template, for chats with tools (`tool_use`).
    /// - Returns: nil for an empty text
    public static func recognize(jinja: String, toolUse: String? = nil) -> ChatTemplate? {
        let text = jinja.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { return nil }
        if toolUse == nil, let turns = TurnTemplate.recognize(text) { return ChatTemplate(turns) }
        return ChatTemplate(.rendered(RenderedTemplate(jinja, toolSource: toolUse)))
    }

    /// The template's name in recipes and on the command line; nil for a model's own and for one that a recipe spells out.
    public var name: String? { turns?.name }

    /// The template in Jinja, as `tokenizer_config.json` holds it.
    ///
    /// Of prefixes and suffixes it renders to the same ids, unless the content of a message spells a marker: there it becomes
    /// the marker's id, here it stays text.
    public var jinja: String {
        switch form {
        case .turns(let template): template.jinja
        case .rendered(let template): template.source
        }
    }

    /// The template of chats with tools, in Jinja; nil where it is the same.
    public var toolUseJinja: String? {
        if case .rendered(let template) = form { template.toolSource } else { nil }
    }

    /// What chats depend on: the Jinja and, of a model's own template, the variables that are set.
    public var identity: String {
        guard case .rendered(let template) = form else { return jinja }
        let variables = template.variables.isEmpty ? nil : template.variables.description
        return [template.source, template.toolSource, variables].compactMap { $0 }.joined(separator: "\n")
    }

    /// Why no chat can be written with a model's own template; nil where its Jinja is understood.
    public var fault: String? {
        if case .rendered(let template) = form { template.fault?.description } else { nil }
    }

    /// The pieces of the vocabulary that the template writes around messages. Text in messages never becomes one of them.
    ///
    /// Those of a model's own template are known once it is fitted to the model's vocabulary.
    public var symbols: [String] {
        switch form {
        case .turns(let template): template.symbols
        case .rendered(let template): template.markers
        }
    }

    /// Whether chats can be written with it: the vocabulary has all its symbols, and its Jinja is understood.
    public func fits(_ tokenizer: Tokenizer) -> Bool {
        fault == nil
            && symbols.allSatisfy { symbol in
                tokenizer.id(of: symbol).map { [.control, .userDefined].contains(tokenizer.kind(of: $0)) }
                    ?? false
            }
    }

    /// The template as it is used with a vocabulary.
    ///
    /// Where texts do not begin with the begin token, neither do chats of prefixes and suffixes, and the written template does
    /// not name it. (SmolLM2's `bos_token` is the marker `<|im_start|>`.) A model's own template learns which symbols of the
    /// vocabulary it writes.
    public func fitted(to tokenizer: Tokenizer) -> ChatTemplate {
        switch form {
        case .turns(let template):
            guard template.begins, tokenizer.beginID == nil, tokenizer.beginTokenID != nil else {
                return self
            }
            return ChatTemplate(template.with(begins: false))
        case .rendered(let template): return ChatTemplate(.rendered(template.fitted(to: tokenizer)))
        }
    }

    /// The same template with variables of its own set, such as `enable_thinking`; prefixes and suffixes have none.
    public func setting(_ variables: TemplateVariables) -> ChatTemplate {
        guard !variables.isEmpty, case .rendered(var template) = form else { return self }
        template.variables = variables
        return ChatTemplate(.rendered(template.refitted()))
    }

    /// Whether it is a model's own, which reads variables.
    public var takesVariables: Bool { turns == nil }

    /// The prefixes and suffixes; nil for a model's own Jinja.
    var turns: TurnTemplate? { if case .turns(let template) = form { template } else { nil } }
}

extension ChatTemplate {
    /// The template that students are trained with, unless the recipe names another.
    public static let roleMarkers = ChatTemplate(TurnTemplate.roleMarkers)
    /// Gemma 1 to 3, instruction-tuned.
    public static let gemma = ChatTemplate(TurnTemplate.gemma)
    /// Llama 2 Chat. Each question begins a sequence of its own.
    public static let llama2 = ChatTemplate(TurnTemplate.llama2)
    /// Mistral Instruct with a SentencePiece vocabulary.
    public static let mistral = ChatTemplate(TurnTemplate.mistral)
    /// Zephyr and TinyLlama Chat, whose role markers are plain text.
    public static let zephyr = ChatTemplate(TurnTemplate.zephyr)
    /// Phi-3. Its markers swallow the line breaks behind them.
    public static let phi3 = ChatTemplate(TurnTemplate.phi3)
    /// ChatML, with its two markers in the vocabulary.
    public static let chatML = ChatTemplate(TurnTemplate.chatML)

    /// The templates that have names.
    public static let families = TurnTemplate.families.map { ChatTemplate($0) }
}
