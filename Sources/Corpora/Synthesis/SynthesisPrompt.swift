import Foundation
import Support
import Tokenization

/// Something to be answered, and where it was found.
public struct SynthesisPrompt: Sendable {
    /// What is asked, and with it what the answer's record looks like.
    public enum Question: Equatable, Sendable {
        /// Answered by `{"messages": […]}`, the answer the last of them.
        case chat([Message])
        /// Answered by `{"prompt": …, "completion": …}`: a user's message, or, for a model without a chat template, the
        /// beginning of a text.
        case prompt(String)
        /// The beginning of a document, answered by `{"text": …}`, the whole of it.
        case text(String)
    }

    public let question: Question
    public let file: String?
    public let line: Int?

    public init(_ question: Question, file: String? = nil, line: Int? = nil) {
        self.question = question
        self.file = file
        self.line = line
    }

    /// Reads prompts: `.jsonl` with `messages`, `prompt` or `text` on each line, or `.txt` with a prompt on each line.
    ///
    /// A completion that a prompt already has is passed over.
    ///
    /// - Throws: `UserError` with file and line for what is not a prompt
    public static func read(_ url: URL) throws -> [SynthesisPrompt] {
        var prompts: [SynthesisPrompt] = []
        switch url.pathExtension.lowercased() {
        case "jsonl", "json":
            try JSONLines(contentsOf: url).forEach { line in
                do {
                    let record = try line.decode(CorpusRecord.self)
                    let style = try line.decode(Style.self)
                    prompts.append(
                        SynthesisPrompt(style.question(record), file: line.file, line: line.number))
                } catch let fault as RecordFault {
                    throw line.error(fault.problem)
                }
            }
        case "txt":
            try JSONLines(contentsOf: url).forEach { line in
                prompts.append(SynthesisPrompt(.prompt(line.text), file: line.file, line: line.number))
            }
        case let other:
            throw UserError(
                other.isEmpty ? "prompts without a file extension" : "prompts of kind .\(other)",
                file: url.relativePath, remedy: "give .jsonl or .txt")
        }
        guard !prompts.isEmpty else {
            throw UserError("holds no prompt", file: url.relativePath, status: .noInput)
        }
        return prompts
    }

    /// Which keys a record was written with: `CorpusRecord` makes a chat of a prompt.
    private struct Style: Decodable {
        let prompt: String?

        func question(_ record: CorpusRecord) -> Question {
            switch record {
            case .chat(let messages): prompt.map(Question.prompt) ?? .chat(messages)
            case .text(let text): .text(text)
            }
        }
    }

    func error(_ problem: String, remedy: String? = nil) -> UserError {
        UserError(problem, file: file, line: line, remedy: remedy)
    }
}
