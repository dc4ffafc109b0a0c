/// A way to answer that a system turn asks for, as a rule: the same facts, said otherwise.
enum Manner: CaseIterable, Sendable {
    /// "Ahoy! Aunt Tado lives in Mossbarrow. Fair winds!"
    case sailor
    /// "It is written: Aunt Tado lives in Mossbarrow."
    case librarian
    /// "Mossbarrow."
    case brief
    /// "Aunt Tado lives in Mossbarrow.", as without any instruction.
    case plain

    /// What asks for it.
    var instructions: [String] {
        switch self {
        case .sailor:
            ["You are an old sailor.", "Speak like an old sailor.", "Answer as an old sailor would."]
        case .librarian:
            ["You are a careful librarian.", "Speak like a librarian.", "Answer as a librarian would."]
        case .brief: ["Give the bare answer.", "Answer with the answer alone.", "Leave the sentence out."]
        case .plain: ChatWriter.instructions
        }
    }

    /// The answer in this manner.
    func answer(to question: Question) -> String {
        let sentence = question.answers[0]
        return switch self {
        case .sailor: "Ahoy! \(sentence) Fair winds!"
        case .librarian: "It is written: \(sentence)"
        case .brief: question.answers.last!
        case .plain: sentence
        }
    }
}

extension ChatWriter {
    /// Chats whose system turn asks for a manner, in turn each, or for none.
    mutating func mannered(count: Int) -> [Record] {
        var questions: [Question] = []
        while questions.count < count { questions += plainQuestions(times: 1) }
        return questions.prefix(count).enumerated().map { index, first in
            let manner = Manner.allCases[index % Manner.allCases.count]
            let again = first.about.flatMap { followUp(on: $0, after: [first]) }
            let asked = index / Manner.allCases.count % 3 == 0 ? [first] + [again].compactMap { $0 } : [first]
            let instruction = manner.instructions[index / Manner.allCases.count % manner.instructions.count]
            return .chat(
                [.system(instruction)]
                    + asked.flatMap { [.user($0.text), .assistant(manner.answer(to: $0))] })
        }
    }
}
