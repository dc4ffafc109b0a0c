import Foundation
import Generation
import Support
import Transformer

/// A chat on standard input and output. Only answers go to standard output; notes go to standard error.
struct ChatTerminal {
    private let session: ChatSession
    private let isInteractive =
        Terminal.isInteractive(Terminal.standardInput) && Terminal.isInteractive(Terminal.standardOutput)

    private let editor = LineEditor(prompt: "> ")

    init(_ session: ChatSession) { self.session = session }

    /// Answers lines until the input ends or `/quit`.
    func converse() throws {
        if isInteractive { tell("Ctrl-C stops an answer, Ctrl-D ends, /help lists commands") }
        while let line = try nextLine() {
            switch ChatInput(line) {
            case .nothing: continue
            case .quit: return
            case .help: tell(ChatInput.summary)
            case .reset:
                session.reset()
                tell("forgotten")
            case .system(let text):
                session.system = text
                tell(text == nil ? "no instructions" : "instructions set")
            case .unknown(let command): tell("\(command) is not a command; /help lists them")
            case .message(let text):
                do {
                    // Ctrl-C stops only the answer.
                    try Interruption.stopping { try answer(text) }
                } catch let error as UserError where isInteractive {
                    // A message that is too long does not end the chat.
                    tell(error.description)
                }
            }
        }
    }

    /// Answers one message.
    func answer(_ text: String) throws {
        var failure: (any Error)?
        let answer = try session.answer(
            text, isCancelled: { Interruption.isRequested || failure != nil },
            onText: { text in
                do { try Console.write(text.terminalSafe(keepingLines: true)) } catch { failure = error }
            })
        if let failure { throw failure }
        try Console.write("\n")
        switch answer.reason {
        case .stop, .stopString: break
        case .length: tell("(truncated after \(answer.tokens) tokens; see --max-new-tokens)")
        case .context: tell("(truncated: the model's context is full)")
        case .cancelled: tell("(stopped)")
        }
        if answer.forgotten > 0 {
            tell("(the context is full: the oldest \(answer.forgotten) messages were forgotten)")
        }
    }

    private func nextLine() throws -> String? {
        isInteractive ? try editor.nextLine() : readLine()
    }

    private func tell(_ text: String) { Console.tell(text) }
}
