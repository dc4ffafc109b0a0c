import Corpora
import Transformer

/// A prompt for the student's own answers.
public struct RolloutPrompt: Sendable {
    /// Token ids up to the assistant's marker, as the student and as the teacher read them.
    public var student: [Int32]
    public var teacher: [Int32]

    public init(student: [Int32], teacher: [Int32]) {
        self.student = student
        self.teacher = teacher
    }
}

/// An answer the student wrote to a prompt.
struct Rollout: Codable, Equatable {
    /// Place of the prompt in the list of prompts.
    var prompt: Int
    /// With the end marker, where the student gave one.
    var answer: [Int32]
    /// Of the answer's tokens, where a loss needs to know.
    var logProbabilities: [TokenLogProbabilities]?

    /// The answer's tokens are the targets: what the teacher would have said at each position is the lesson.
    func document(_ prompts: [RolloutPrompt]) -> EncodedDocument {
        func marked(_ prompt: [Int32]) -> MarkedTokens {
            MarkedTokens(
                ids: prompt + answer,
                kept: Array(repeating: false, count: prompt.count)
                    + Array(repeating: true, count: answer.count))
        }
        let prompt = prompts[prompt]
        return EncodedDocument(
            student: marked(prompt.student),
            teacher: prompt.student == prompt.teacher ? nil : marked(prompt.teacher))
    }

    var repetition: Double { repeatedShare(of: answer) }
}
