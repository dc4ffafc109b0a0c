import Corpora
import Transformer

/// A prompt that the student answers during training.
public struct RolloutPrompt: Sendable {
    /// Token ids up to where the answer begins, as the student reads them.
    public var student: [Int32]
    /// The same as the teacher reads them.
    public var teacher: [Int32]

    /// A prompt as student and teacher read it.
    public init(student: [Int32], teacher: [Int32]) {
        self.student = student
        self.teacher = teacher
    }
}

/// An answer that the student generated for a prompt.
struct Rollout: Codable, Equatable {
    /// Index of the prompt.
    var prompt: Int
    /// With the end marker, where the student generated one.
    var answer: [Int32]
    /// Of the answer's tokens, where a loss reads them.
    var logProbabilities: [TokenLogProbabilities]?

    /// The prompt and the answer as a document. The answer's tokens are the positions at which the teacher's distributions are
    /// learned.
    func document(_ prompts: [RolloutPrompt]) -> EncodedDocument {
        func masked(_ prompt: [Int32]) -> MaskedTokens {
            MaskedTokens(
                ids: prompt + answer,
                lossMask: Array(repeating: false, count: prompt.count)
                    + Array(repeating: true, count: answer.count))
        }
        let prompt = prompts[prompt]
        return EncodedDocument(
            student: masked(prompt.student),
            teacher: prompt.student == prompt.teacher ? nil : masked(prompt.teacher))
    }

    var repetition: Double { repeatedFraction(of: answer) }
}
