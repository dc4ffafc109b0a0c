import Support
import Tokenization

/// The turns of one record: the conversation so far, and those that are still to be answered.
struct Dialogue {
    let prompt: SynthesisPrompt
    /// Index of the prompt, from 0.
    let index: Int
    let sample: Int

    /// The messages so far, questions and answers.
    private(set) var messages: [Message] = []
    /// The messages before each answer that is still to be generated.
    private var turns: [[Message]]
    /// Number of answers asked for.
    private(set) var asked = 0

    init(_ prompt: SynthesisPrompt, index: Int, sample: Int, answering scope: Synthesis.AnswerScope) {
        (self.prompt, self.index, self.sample) = (prompt, index, sample)
        turns = Self.turns(of: prompt.question, answering: scope)
    }

    /// The messages before each answer to generate; empty when there is nothing to answer.
    private static func turns(
        of question: SynthesisPrompt.Question, answering scope: Synthesis.AnswerScope
    ) -> [[Message]] {
        switch question {
        case .text: [[]]
        case .userTurn(let messages): [messages]
        case .prompt(let text): [[Message(role: .user, content: text)]]
        case .chat(let messages):
            switch scope {
            case .last:
                messages.lastIndex { [.user, .tool].contains($0.role) }.map { [Array(messages[...$0])] } ?? []
            case .every:
                messages.split { $0.role == .assistant }.map(Array.init).filter {
                    $0.contains { $0.role == .user }
                }
            }
        }
    }

    /// Whether a turn is left to answer.
    var hasMore: Bool { !turns.isEmpty }

    /// Who says what is generated.
    var speaker: Role { if case .userTurn = prompt.question { .user } else { .assistant } }

    /// The messages that the next answer follows.
    var next: [Message] { messages + turns[0] }

    /// The random numbers of the next answer.
    func stream(seed: UInt64) -> RandomStream {
        RandomStream(
            seed: seed, purpose: "synthesis, sample \(sample), answer \(asked)", index: UInt64(index))
    }

    /// Asks for the next answer.
    mutating func ask() {
        messages += turns.removeFirst()
        asked += 1
    }

    /// Adds the answer that was asked for.
    mutating func add(_ answer: Message) { messages.append(answer) }

    /// Asks for no more answers.
    mutating func end() { turns = [] }

    /// The content of the finished record.
    ///
    /// - Parameters:
    ///   - completion: the answer to a prompt
    ///   - continuation: what follows the beginning of a text
    func content(completion: String, continuation: String) -> SyntheticRecord.Content {
        switch prompt.question {
        case .chat, .userTurn: .messages(messages, tools: prompt.tools)
        case .prompt(let text): .completion(prompt: text, completion: completion)
        case .text(let text): .text(text + continuation)
        }
    }
}
