import Corpora
import Foundation
import Support
import Tokenization

/// A question with every answer that counts as correct.
///
/// A line of a task file is a record that can be answered, see `CorpusRecord`, with its answers beside it:
/// `{"messages": [… , {"role": "user", …}], "answers": ["…", …]}` or `{"prompt": "…", "answers": "…"}`.
public struct TaskQuestion: Equatable, Sendable {
    /// The messages to answer; the last is the user's.
    public let messages: [Message]
    /// The accepted answers, at least one.
    public let answers: [String]

    /// A question with its accepted answers.
    public init(messages: [Message], answers: [String]) {
        (self.messages, self.answers) = (messages, answers)
    }

    /// Reads a task file, or those of a directory or pattern, see `CorpusFiles`.
    ///
    /// - Parameters:
    ///   - url: a file, a directory or a pattern
    ///   - limit: only the first questions; nil for all
    /// - Throws: `UserError` with file and line for a mistake, and when there is no question
    public static func read(_ url: URL, limit: Int? = nil) throws -> [TaskQuestion] {
        var questions: [TaskQuestion] = []
        for file in try CorpusFiles(at: url).files {
            try read(JSONLines(contentsOf: file), limit, into: &questions)
        }
        guard !questions.isEmpty else {
            throw UserError("holds no question", file: url.relativePath, status: .noInput)
        }
        return questions
    }

    private static func read(_ lines: JSONLines, _ limit: Int?, into questions: inout [TaskQuestion]) throws {
        while questions.count < limit ?? .max, let line = try lines.next() {
            let answers = try line.decode(Answers.self).texts
            guard case .chat(let messages, _) = try line.record() else {
                throw line.error("a text asks nothing", hint: "give \"messages\" or \"prompt\"")
            }
            guard messages.last?.role == .user else {
                throw line.error(
                    "\"messages\" does not end with a user's turn", hint: "leave the answer out")
            }
            guard !answers.isEmpty else { throw line.error("\"answers\" is empty") }
            questions.append(TaskQuestion(messages: messages, answers: answers))
        }
    }

    /// The accepted answers of a line: a list, or one alone.
    private struct Answers: Decodable {
        let texts: [String]

        private enum CodingKeys: String, CodingKey { case answers }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let text = try? container.decode(String.self, forKey: .answers) {
                texts = [text]
            } else {
                texts = try container.decode([String].self, forKey: .answers)
            }
        }
    }
}
