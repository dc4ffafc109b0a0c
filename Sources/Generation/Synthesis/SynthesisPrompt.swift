import Corpora
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

    /// Reads prompts: JSONL with a record on each line, see `CorpusRecord`, or `.txt` with a prompt on each line. A directory
    /// or a pattern stands for its files, see `CorpusFiles`.
    ///
    /// A completion that a prompt already has is passed over.
    ///
    /// - Throws: `UserError` with file and line for what is not a prompt
    public static func read(_ url: URL) throws -> [SynthesisPrompt] {
        let prompts = try CorpusFiles(at: url).files.flatMap(prompts(in:))
        guard !prompts.isEmpty else {
            throw UserError("holds no prompt", file: url.relativePath, status: .noInput)
        }
        return prompts
    }

    private static func prompts(in url: URL) throws -> [SynthesisPrompt] {
        var prompts: [SynthesisPrompt] = []
        switch CorpusFiles.kind(of: url) {
        case "jsonl", "ndjson", "json":
            try JSONLines(contentsOf: url).forEach { line in
                let question = try line.decode(Style.self).question(try line.record())
                prompts.append(SynthesisPrompt(question, file: line.file, line: line.number))
            }
        case "txt":
            try JSONLines(contentsOf: url).forEach { line in
                prompts.append(SynthesisPrompt(.prompt(line.text), file: line.file, line: line.number))
            }
        case let other:
            throw UserError(
                other.isEmpty ? "prompts without a file extension" : "prompts of kind .\(other)",
                file: url.relativePath, hint: "give \(CorpusFiles.summary)")
        }
        return prompts
    }

    /// Which keys a record was written with: `CorpusRecord` makes a chat of a prompt.
    private struct Style: Decodable {
        /// nil where it is a list of messages.
        let prompt: String?

        private enum CodingKeys: String, CodingKey { case prompt }

        init(from decoder: any Decoder) throws {
            let container = try? decoder.container(keyedBy: CodingKeys.self)
            prompt = try? container?.decode(String.self, forKey: .prompt)
        }

        func question(_ record: CorpusRecord) -> Question {
            switch record {
            case .chat(let messages): prompt.map(Question.prompt) ?? .chat(messages)
            case .text(let text): .text(text)
            }
        }
    }

    func error(_ problem: String, hint: String? = nil) -> UserError {
        UserError(problem, file: file, line: line, hint: hint)
    }
}
