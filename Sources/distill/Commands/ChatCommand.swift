import ArgumentParser
import Checkpoints
import Foundation
import Generation
import Recipes
import Support

struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat with a model.",
        discussion: """
            Each line is a message; the answer is streamed. Ctrl-C stops an answer, Ctrl-D ends the chat, and the cursor \
            keys recall earlier lines. Control characters in answers are escaped, as in \\u{1B}. Commands:
            \(ChatInput.summary)

            EXAMPLES
              distill chat runs/quickstart/student
              distill chat runs/quickstart/student --system "Be brief." --temperature 0.7
              distill chat data/teacher --prompt "Where does Aunt Noda live?" --temperature 0
              distill chat data/teacher < questions.txt > answers.txt
            """)

    @Argument(help: "The model: a Hugging Face directory, a GGUF file, or a name on the hub.")
    var model: String
    @Option(name: .shortAndLong, help: "Answer this message and exit.")
    var prompt: String?
    @Option(help: "The system turn: instructions to the model.")
    var system: String?
    @Option(help: "The random seed (default: a random one).")
    var seed: UInt64?
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup(title: "Sampling")
    var sampling: SamplingFlags<ChatSampling>
    @OptionGroup(title: "General") var general: GeneralFlags

    func run() throws {
        try general.running {
            let author = try Synthesis.Author(
                chatTemplate.applied(to: exit.model(general.model(model))), name: model)
            guard let template = author.template else {
                throw UserError(
                    "has no supported chat template", file: model,
                    hint: "choose one with --chat-template, or complete texts with `distill generate`",
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
