import ArgumentParser
import Checkpoints
import Foundation
import Support
import Synchronization
import Tensors
import Tokenization
import Transformer

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk to a model.",
        discussion: """
            /reset forgets the conversation, /system TEXT sets the system's turn, /quit ends. Ctrl-C stops an answer.

            EXAMPLES
              distill chat runs/quickstart/student
              distill chat data/teacher --prompt "Where does Aunt Noda live?"
            """)

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String
    @Option(help: "Answer this and end.")
    var prompt: String?
    @Option(help: "The system's turn.")
    var system: String?
    @OptionGroup var sampling: SamplingFlags

    func run() async throws {
        try Failure.reporting {
            var conversation = try Conversation(
                Checkpoint.load(URL(filePath: model)), system: system, sampling: sampling)
            if let prompt { return try conversation.answer(prompt) }
            Interruption.install()
            let isInteractive = Terminal.isInteractive(Terminal.standardInput)
            if isInteractive { print("/reset, /system TEXT, /quit; Ctrl-C stops an answer") }
            while true {
                if isInteractive { say("> ") }
                guard let line = readLine() else { break }
                if try !conversation.handle(line.trimmingCharacters(in: .whitespaces)) { break }
            }
        }
    }
}

/// Prints without waiting for the end of a line.
private func say(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
}

/// Ctrl-C: ends the answer that is being written, and the program when there is none.
private enum Interruption {
    static let requested = Atomic<Bool>(false)
    static let isAnswering = Atomic<Bool>(false)

    static func install() {
        signal(SIGINT) { _ in
            // Only lock-free atomics and _exit: this is a signal handler.
            if Interruption.isAnswering.load(ordering: .relaxed) {
                Interruption.requested.store(true, ordering: .relaxed)
            } else {
                _exit(130)
            }
        }
    }
}

/// A chat's turns so far, and the model that continues them.
private struct Conversation {
    let checkpoint: Checkpoint
    let tokenizer: Tokenizer
    let template: ChatTemplate
    let generator: BatchGenerator
    let sampling: SamplingFlags
    var system: String?
    var turns: [Message] = []
    var answers: UInt64 = 0

    init(_ checkpoint: Checkpoint, system: String?, sampling: SamplingFlags) throws {
        self.checkpoint = checkpoint
        tokenizer = try checkpoint.requireTokenizer()
        template = checkpoint.template ?? .roleMarkers
        generator = try BatchGenerator(checkpoint.decoder, slots: 1)
        self.sampling = sampling
        self.system = system
    }

    /// Handles one line of input.
    ///
    /// - Returns: false when the chat is over
    mutating func handle(_ line: String) throws -> Bool {
        let word = line.split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
        switch word {
        case "": return true
        case "/quit", "/exit": return false
        case "/reset": turns = []
        case "/system":
            let text = line.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
            system = text.isEmpty ? nil : text
            turns = []
        case _ where word.hasPrefix("/"):
            print("\(word) is not known; there are /reset, /system TEXT and /quit")
        default: try answer(line)
        }
        return true
    }

    /// Answers a user's message, streaming, and remembers both turns.
    mutating func answer(_ text: String) throws {
        turns.append(Message(role: .user, content: text))
        let prompt = try fittingPrompt()
        var stream = StreamingDecoder(tokenizer)
        var (shown, written) = ("", "")
        Interruption.requested.store(false, ordering: .relaxed)
        Interruption.isAnswering.store(true, ordering: .relaxed)
        defer { Interruption.isAnswering.store(false, ordering: .relaxed) }
        let request = GenerationRequest(
            prompt: prompt, options: sampling.options,
            stream: RandomStream(seed: sampling.seed, purpose: "chat", index: answers),
            stopIDs: checkpoint.stopIDs)
        answers += 1
        let stops = sampling.stop
        // Text that may turn out to be the beginning of a stop string waits.
        let held = max(0, (stops.map(\.count).max() ?? 1) - 1)
        try generator.run(
            [request],
            onToken: { _, token in
                written += stream.append(token)
                if let cut = stops.compactMap({ written.range(of: $0)?.lowerBound }).min() {
                    written = String(written[..<cut])
                    return .stop
                }
                let ready = String(written.dropLast(held))
                if ready.count > shown.count {
                    say(String(ready.dropFirst(shown.count)))
                    shown = ready
                }
                return .proceed
            },
            isCancelled: { Interruption.requested.load(ordering: .relaxed) },
            onFinish: { if $0.reason != .stopString { written += stream.finish() } })
        say(String(written.dropFirst(shown.count)) + "\n")
        turns.append(Message(role: .assistant, content: written))
    }

    /// The prompt of all turns; the oldest are forgotten when they no longer fit.
    private mutating func fittingPrompt() throws -> [Int32] {
        let context = checkpoint.decoder.configuration.contextLength
        let room = context - min(sampling.maxNewTokens, context / 2)
        while true {
            let head = system.map { [Message(role: .system, content: $0)] } ?? []
            let ids = try template.encode(head + turns, with: tokenizer, addGenerationPrompt: true).ids
            if ids.count <= room { return ids }
            guard turns.count > 2 else {
                turns.removeLast()
                throw UserError(
                    "the message has \(ids.count) tokens with its system turn; the model's context of \(context) "
                        + "has room for \(room)", remedy: "shorten it")
            }
            turns.removeFirst(2)
            FileHandle.standardError.write(Data("(the oldest turns no longer fit and are forgotten)\n".utf8))
        }
    }
}
