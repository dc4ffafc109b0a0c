import ArgumentParser
import Checkpoints
import Corpora
import Foundation
import Support
import Tokenization

struct TemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Render and debug chat templates.",
        discussion: """
            EXAMPLES
              distill template render model.gguf --messages chats.jsonl
              distill template render chat_template.jinja --messages chats.jsonl --var enable_thinking=false
            """,
        subcommands: [Render.self])

    struct Render: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write chats as a chat template does, one line of JSON a chat.",
            discussion: """
                A line of the input is an object with "messages" and, if there are any, "tools"; or a list of messages. The \
                output has {"text": …} for each, or {"error": …} where the template refuses the chat: what transformers' \
                apply_chat_template gives, or raises.

                With --ids, "ids" lists the token ids, in which no message can forge a special token; with --mask, "targets" \
                lists the text of the tokens that the student is trained on.

                EXAMPLES
                  distill template render models/qwen --messages chats.jsonl
                  distill template render model.gguf --messages chats.jsonl --no-generation-prompt --mask
                  distill template render chat_template.jinja --messages chats.jsonl --tools tools.json --var bos_token='<s>'
                """)

        @Argument(help: "A checkpoint directory, a GGUF file, a name on the hub or a Jinja template.")
        var template: String
        @Option(help: "Chats, one a line (.jsonl), - for standard input.")
        var messages: String
        @Option(help: "A JSON list of tools for the chats that name none.")
        var tools: String?
        @OptionGroup var variables: TemplateVariableFlags
        @Flag(inversion: .prefixedNo, help: "End with the text before an answer.")
        var generationPrompt = true
        @Flag(help: "Show the token ids; needs a model.")
        var ids = false
        @Flag(
            help: "Show what the student is trained on; needs a model, and ends without a generation prompt.")
        var mask = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let model = try TemplateSource(template, general, variables: try variables.variables())
                let given = try tools.map { try Self.list(in: URL(filePath: $0)) } ?? []
                try JSONLines(contentsOf: StandardStreams.file(messages)).forEach { line in
                    try Console.write(try output(of: line, model, given) + "\n")
                }
            }
        }

        /// The line of one chat.
        private func output(of line: JSONLines.Line, _ model: TemplateSource, _ given: [OrderedJSON]) throws
            -> String
        {
            let chat = try RawChat(line)
            let tools = chat.tools.isEmpty ? given : chat.tools
            var members: [OrderedJSON.Member]
            do {
                let text = try model.renderer.text(
                    of: chat.messages, tools: tools, addGenerationPrompt: generationPrompt && !mask)
                members = [.init("text", .string(text))]
                if ids || mask {
                    let encoded = try model.encode(
                        chat, tools, of: line, addGenerationPrompt: generationPrompt && !mask)
                    if ids { members.append(.init("ids", .array(encoded.ids.map { .integer(Int($0)) }))) }
                    if mask { members.append(.init("targets", .array(model.targets(of: encoded)))) }
                }
            } catch let failure as TemplateRenderer.Failure {
                members = [.init("error", .string(failure.description))]
            }
            return OrderedJSON.object(members).text.terminalSafeJSON
        }

        private static func list(in file: URL) throws -> [OrderedJSON] {
            let name = file.relativePath
            guard case .array(let tools) = try OrderedJSON(try ConfigurationFile.read(file), name: name)
            else {
                throw UserError("the value is not a list of tools", file: name, status: .dataFormat)
            }
            return tools
        }
    }
}

/// A template and, where a model has it, its vocabulary.
private struct TemplateSource {
    let renderer: TemplateRenderer
    private let path: String
    private let vocabulary: (tokenizer: Tokenizer, template: ChatTemplate?)?
    private let variables: TemplateVariables

    init(_ path: String, _ general: GeneralFlags, variables: TemplateVariables) throws {
        (self.path, self.variables) = (path, variables)
        let file = URL(filePath: path)
        if ["jinja", "jinja2", "j2"].contains(file.pathExtension.lowercased()) {
            vocabulary = nil
            let jinja = String(decoding: try ConfigurationFile.read(file), as: UTF8.self)
            renderer = TemplateRenderer(jinja: jinja, variables: variables)
            return
        }
        let url = try general.model(path)
        let form = try Checkpoint.tokenizerAndTemplate(at: url)
        let texts =
            try TemplateTexts.load(at: url) ?? form.template.map { TemplateTexts(standard: $0.jinja) }
        guard let texts else {
            throw UserError(
                "has no chat template", file: path, hint: "give a model that chats, or a .jinja file",
                status: .noInput)
        }
        vocabulary = form
        renderer = TemplateRenderer(
            jinja: texts.standard, toolUse: texts.toolUse, tokenizer: form.tokenizer, variables: variables)
    }

    /// The chat as token ids.
    func encode(
        _ chat: RawChat, _ tools: [OrderedJSON], of line: JSONLines.Line, addGenerationPrompt: Bool
    ) throws -> EncodedChat {
        guard let vocabulary, let template = vocabulary.template else {
            throw UserError(
                "--ids and --mask need the vocabulary of a model", file: path,
                hint: "give a directory or a GGUF file", status: .usage)
        }
        let record = OrderedJSON.object([.init("messages", .array(chat.messages))])
        guard case .chat(let messages, _) = try line.holding(Data(record.text.utf8)).record() else {
            throw line.error("no chat", hint: "give \"messages\"")
        }
        return try UserError.located(in: line.file, line: line.number) {
            try template.setting(variables).encode(
                messages, tools: tools, with: vocabulary.tokenizer, addGenerationPrompt: addGenerationPrompt)
        }
    }

    /// The text of the tokens that a student is trained on, a stretch each.
    func targets(of chat: EncodedChat) -> [OrderedJSON] {
        guard let tokenizer = vocabulary?.tokenizer else { return [] }
        let mask = zip(chat.assistantMask, chat.untrainedMask).map { $0 && !$1 }
        return chat.ids.indices.split { !mask[$0] }.map { range in
            let bytes = range.flatMap { index -> [UInt8] in
                let id = chat.ids[index]
                return tokenizer.kind(of: id) == .control
                    ? Array(tokenizer.piece(id).utf8) : tokenizer.bytes(of: id)
            }
            return .string(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// A chat as a line has it.
private struct RawChat {
    let messages: [OrderedJSON]
    let tools: [OrderedJSON]

    init(_ line: JSONLines.Line) throws {
        let json: OrderedJSON
        do {
            json = try OrderedJSON(line.bytes, name: line.file)
        } catch let error as UserError {
            throw line.error(error.problem)
        }
        func list(_ value: OrderedJSON?) -> [OrderedJSON]? {
            if case .array(let values)? = value { values } else { nil }
        }
        guard let messages = list(json) ?? list(json["messages"]) else {
            throw line.error("no chat", hint: "give a list of messages, or an object with \"messages\"")
        }
        self.messages = messages
        tools = list(json["tools"]) ?? []
    }
}
