import Corpora
import Foundation
import Support
import Tokenization

/// A prompt to answer, with its source location.
public struct SynthesisPrompt: Sendable {
    /// The prompt, which also decides the form of the record.
    public enum Question: Equatable, Sendable {
        /// Answered by `{"messages": […]}`, which ends with the answer.
        case chat([Message])
        /// Answered by `{"prompt": …, "completion": …}`: a user's message, or, for a model without a chat template, the
        /// beginning of a text.
        case prompt(String)
        /// The beginning of a document, answered by `{"text": …}`, the whole of it.
        case text(String)
        /// What precedes a turn of the user that the model writes, as its chat template opens it; answered by `{"messages": […]}`, which
        /// ends with that turn.
        case userTurn(after: [Message])
    }

    /// The prompt.
    public let question: Question
    /// What the model may call in a chat.
    public let tools: [OrderedJSON]
    /// Where the prompt comes from, the `meta` of its record; kept as `meta.source` in the records of its answers.
    public let source: OrderedJSON?
    /// The file it was read from, for messages.
    public let file: String?
    /// Its line there.
    public let line: Int?

    /// A prompt with its source location, if it has one.
    public init(
        _ question: Question, tools: [OrderedJSON] = [], source: OrderedJSON? = nil, file: String? = nil,
        line: Int? = nil
    ) {
        self.question = question
        self.tools = tools
        self.source = source
        self.file = file
        self.line = line
    }

    /// Reads prompts: JSONL with a record on each line, see `CorpusRecord`, or `.txt` with a prompt on each line. A directory
    /// or a pattern refers to its files, see `CorpusFiles`.
    ///
    /// The completion of a prompt, if it has one, is ignored.
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
                let record = try line.record()
                let keys = try line.decode(Keys.self)
                prompts.append(
                    SynthesisPrompt(
                        keys.question(record), tools: record.tools, source: keys.meta, file: line.file,
                        line: line.number))
            }
        case "txt":
            try JSONLines(contentsOf: url).forEach { line in
                prompts.append(SynthesisPrompt(.prompt(line.text), file: line.file, line: line.number))
            }
        default: throw CorpusFiles.unsupported(url, as: "prompts")
        }
        return prompts
    }

    /// Keys of a record that `CorpusRecord` does not keep: it turns a prompt into a chat.
    private struct Keys: Decodable {
        /// nil where it is a list of messages.
        let prompt: String?
        /// nil where it is no object.
        let meta: OrderedJSON?

        private enum CodingKeys: String, CodingKey { case prompt, meta }

        init(from decoder: any Decoder) throws {
            let container = try? decoder.container(keyedBy: CodingKeys.self)
            prompt = try? container?.decode(String.self, forKey: .prompt)
            let meta = try? container?.decode(OrderedJSON.self, forKey: .meta)
            self.meta = if case .object? = meta { meta } else { nil }
        }

        func question(_ record: CorpusRecord) -> Question {
            switch record {
            case .chat(let messages, _): prompt.map(Question.prompt) ?? .chat(messages)
            case .text(let text): .text(text)
            }
        }
    }

    /// The same question after a system turn, as a chat.
    public func asked(under system: String) -> SynthesisPrompt {
        let turn = [Message(role: .system, content: system)]
        let asked: Question =
            switch question {
            case .chat(let messages): .chat(turn + messages)
            case .prompt(let text), .text(let text): .chat(turn + [Message(role: .user, content: text)])
            case .userTurn(let messages): .userTurn(after: turn + messages)
            }
        return SynthesisPrompt(
            asked, tools: tools, source: source,
            file: file, line: line)
    }

    func error(_ problem: String, hint: String? = nil) -> UserError {
        UserError(problem, file: file, line: line, hint: hint)
    }

    /// Does what may refuse the prompt; the error names its source location.
    ///
    /// - Throws: what `body` throws
    func located<Value>(_ body: () throws -> Value) throws -> Value {
        try UserError.located(in: file, line: line, body)
    }
}
