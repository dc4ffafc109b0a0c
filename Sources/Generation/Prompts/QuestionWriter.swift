import Corpora
import Support
import Tokenization

/// Questions about documents: the model reads a passage and writes questions that it answers.
///
/// The questions are to be answered with the passage at hand, in a system turn, or without it.
public struct QuestionWriter: PromptWriter {
    /// Asks for the questions: slots `text`, `title` and `count`.
    public static let standardInstruction = """
        Read this text.

        {text}

        Write {count} different questions that the text answers. Each question must make sense to somebody who does not see the text. \
        Write each on a line of its own, and nothing else.
        """

    /// The slots of the instruction and of the context.
    public static let slots = ["text", "title", "count"]

    private let chunks: [DocumentChunk]
    private let instruction: PromptTemplate
    private let context: PromptTemplate?
    private let count: Int

    /// - Parameters:
    ///   - chunks: the passages
    ///   - count: the number of questions to ask for
    ///   - instruction: asks for the questions
    ///   - context: the system turn of the questions, with `{text}` where the passage belongs; nil for none
    public init(
        _ chunks: [DocumentChunk], count: Int, instruction: PromptTemplate, context: PromptTemplate? = nil
    ) {
        self.chunks = chunks
        self.count = count
        self.instruction = instruction
        self.context = context
    }

    private func values(of chunk: DocumentChunk) -> [String: String] {
        ["text": chunk.text, "title": chunk.headings.joined(separator: ": "), "count": "\(count)"]
    }

    /// A request for each passage.
    public var requests: [[Message]] {
        chunks.map { [Message(role: .user, content: instruction.filled(values(of: $0)))] }
    }

    /// The lines that end as a question does; of more than were asked for, the first.
    public func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord] {
        let chunk = chunks[request]
        let questions = PromptList.items(in: answer, isWhole: isWhole).filter {
            $0.last.map { "?？؟".contains($0) } ?? false
        }
        return questions.prefix(count).map { question in
            var messages = [Message(role: .user, content: question)]
            if let context {
                messages.insert(Message(role: .system, content: context.filled(values(of: chunk))), at: 0)
            }
            return PromptRecord(
                messages, kind: "questions", origin: chunk.file,
                details: [
                    OrderedJSON.Member("file", .string(chunk.file)),
                    OrderedJSON.Member("chunk", .integer(chunk.number)),
                    OrderedJSON.Member("headings", .array(chunk.headings.map(OrderedJSON.string))),
                ])
        }
    }
}
