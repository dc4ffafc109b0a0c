/// A question about known facts, with its answers; the first answer is the one training uses.
struct Question: Hashable, Sendable {
    let text: String
    let answers: [String]
    /// The one person the answer is about, to whom "she" or "he" may then refer.
    var about: Person?

    var turns: [Turn] { [.user(text), .assistant(answers[0])] }
}

extension Fact {
    /// Asks for this fact; `about` is set when a pronoun may refer to its subject afterwards.
    func asked(_ phrasing: Phrasing, of person: Person? = nil) -> Question {
        precondition(phrasing.relation == relation, "phrasing of another relation")
        return asked(template: phrasing.template, of: person)
    }

    func asked(template: String, of person: Person? = nil) -> Question {
        // A best friend's name in the answer would make "she" ambiguous.
        Question(
            text: template.filling(subject: subject), answers: [sentence, shortAnswer],
            about: relation == .friend ? nil : person)
    }

    /// "And where does she live?", after an answer about the same person.
    func askedAgain(of person: Person) -> Question {
        let core = relation.forms.cores[0].direct.filling(subject: person.pronoun)
        return Question(
            text: "And \(core)?", answers: [sentence, shortAnswer],
            about: relation == .friend ? nil : person)
    }

    /// Asks for the subject by the value, if the relation can be turned round.
    func askedInReverse(_ wrapper: Wrapper) -> Question? {
        guard let core = relation.forms.reverse else { return nil }
        return Question(
            text: wrapper.around(core).filling(value: value),
            answers: [sentence, (subject + ".").capitalisedFirst])
    }

    /// Asks for the same relation of two subjects, if the relation has a plural.
    func asked(with other: Fact, _ wrapper: Wrapper) -> Question? {
        guard let core = relation.forms.plural, other.relation == relation else { return nil }
        return Question(
            text: wrapper.around(core).filling(subject: subject, second: other.subject),
            answers: ["\(clause) and \(other.clause).".capitalisedFirst])
    }

    /// Asks for `next`, a fact about the best friend this fact names: "Where does the best friend of … live?"
    func askedThrough(_ next: Fact, _ wrapper: Wrapper) -> Question {
        precondition(relation == .friend && next.subject == value, "not a fact about the best friend")
        return Question(
            text: wrapper.around(next.relation.forms.cores[0]).filling(
                subject: "the best friend of \(subject)"),
            answers: ["\(clause), and \(next.clause).".capitalisedFirst, next.sentence, next.shortAnswer])
    }
}
