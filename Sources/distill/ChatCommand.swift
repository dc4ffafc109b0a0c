import ArgumentParser
import Checkpoints
import Foundation
import Generation
import Recipes
import Support

struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a model.",
        discussion: """
            Each line is a message; the answer appears as it is written. Ctrl-C stops an answer, Ctrl-D ends; the \
            cursor keys bring lines back. Control characters in an answer are spelled out, such as \\u{1B}. Commands:
            \(ChatInput.summary)

            EXAMPLES
              distill chat runs/quickstart/student
              distill chat runs/quickstart/student --system "Be brief." --temperature 0.7
              distill chat data/teacher --prompt "Where does Aunt Noda live?" --temperature 0
              distill chat data/teacher < questions.txt > answers.txt
            """)

    @Argument(help: "The model: a Hugging Face directory or a GGUF file.")
    var model: String
    @Option(name: .shortAndLong, help: "Answer this and end.")
    var prompt: String?
    @Option(help: "Instructions to the model.")
    var system: String?
    @Option(help: "The seed of the answers; a random one when left out.")
    var seed: UInt64?
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup(title: "Sampling")
    var sampling: SamplingFlags<ChatSampling>
    @OptionGroup(title: "General") var general: GeneralFlags

    func run() throws {
        try general.running {
            let author = try Synthesis.Author(chatTemplate.applied(to: exit.model(model)), name: model)
            guard let template = author.template else {
                throw UserError(
                    "has no chat template that is known", file: model,
                    hint: "name one with --chat-template, or let it continue texts with `distill generate`",
                    status: .configuration)
            }
            let session = try ChatSession(
                decoder: author.decoder, tokenizer: author.tokenizer, template: template,
                stopIDs: author.stopIDs,
                options: sampling.options, stop: sampling.stop, seed: seed ?? .random(in: 0 ... .max),
                system: system, arithmetic: sampling.arithmetic)
            let terminal = ChatTerminal(session)
            if let prompt {
                try terminal.answer(prompt)
            } else {
                try terminal.converse()
            }
        }
    }
}
