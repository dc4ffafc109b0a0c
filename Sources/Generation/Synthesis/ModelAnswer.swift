import Foundation
import Support

/// What a model answers to a request.
public struct ModelAnswer: Equatable, Sendable {
    /// The text.
    public let text: String
    /// Whether the answer ended by itself; else its end may be missing.
    public let isWhole: Bool

    /// An answer.
    public init(_ text: String, isWhole: Bool = true) { (self.text, self.isWhole) = (text, isWhole) }
}

extension ModelAnswer {
    /// Reads a file that `Synthesis` has written, with an answer to each prompt; `body` receives the origin of the answer, and the answer.
    ///
    /// - Throws: `UserError` with file and line for what is not such an answer, and what `body` throws
    static func forEachRecord(
        in url: URL, _ body: (SyntheticRecord.Meta, ModelAnswer) throws -> Void
    ) throws {
        try JSONLines(contentsOf: url).forEach { line in
            let record = try line.decode(SyntheticRecord.self)
            let text: String
            switch record.content {
            case .messages(let messages, _) where !messages.isEmpty:
                text = messages[messages.count - 1].content
            case .text(let whole): text = whole
            default: throw line.error("is not an answer to a request")
            }
            let isWhole = [.stop, .stopString].contains(record.meta.finishReason)
            try body(record.meta, ModelAnswer(text, isWhole: isWhole))
        }
    }

    /// The answers in a file that `Synthesis` has written, in the order of the prompts; nil for a prompt without one.
    ///
    /// - Parameter count: number of prompts
    /// - Throws: `UserError` with file and line for what is not an answer to a prompt
    public static func read(_ url: URL, prompts count: Int) throws -> [ModelAnswer?] {
        var answers = [ModelAnswer?](repeating: nil, count: count)
        try forEachRecord(in: url) { meta, answer in
            if answers.indices.contains(meta.prompt) { answers[meta.prompt] = answer }
        }
        return answers
    }
}
