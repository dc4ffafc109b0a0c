/// Writes chats about the world, the calendar and sums, within what training may ask.
struct ChatWriter {
    let valleys: Valleys
    private let pairs: [Combinations.Pair]
    private let hops: [Combinations.Pair]
    private let reversible: [Fact]
    private var random: SplitMix64

    init(valleys: Valleys, seed: UInt64, purpose: String) {
        self.valleys = valleys
        pairs = Combinations.pairs(in: valleys).trained
        hops = Combinations.hops(in: valleys).trained
        let relations: [Relation] = [.animal, .owns, .river, .landmark]
        reversible = valleys.facts.filter {
            relations.contains($0.relation) && valleys.exposure(of: $0) != .told
        }
        random = SplitMix64(seed: seed, purpose: purpose)
    }

    static let instructions = [
        "Answer in one short sentence.", "You know the five valleys well.", "You are a friendly guide.",
    ]

    /// The phrasings in which training may ask for `fact`.
    static func phrasings(of fact: Fact, in valleys: Valleys) -> [Phrasing] {
        let seen = Phrasing.seen(of: fact.relation)
        switch valleys.exposure(of: fact) {
        case .open: return seen
        case .restricted: return seen.filter { $0.core == 0 }
        case .told: return []
        }
    }

    /// Every fact that training may ask for, `times` over, each round in a new order; with a first question each.
    mutating func plainQuestions(times: Int) -> [Question] {
        let people = Dictionary(uniqueKeysWithValues: valleys.residents.map { ($0.person.full, $0.person) })
        let askable = valleys.facts.filter { valleys.exposure(of: $0) != .told }
        return (0..<times).flatMap { _ in
            random.shuffled(askable).map { fact in
                let phrasing = random.pick(Self.phrasings(of: fact, in: valleys))
                return fact.asked(phrasing, of: people[fact.subject])
            }
        }
    }

    /// A question other than a plain one: reverse, two subjects, through the best friend, or a sum.
    mutating func otherQuestion() -> Question {
        switch random.below(100) {
        case ..<26: reverseQuestion()
        case ..<50: pairQuestion()
        case ..<76: friendQuestion()
        default: sumQuestion()
        }
    }

    private mutating func reverseQuestion() -> Question {
        random.pick(reversible).askedInReverse(random.pick(Wrapper.allCases))!
    }

    private mutating func pairQuestion() -> Question {
        let pair = random.pick(pairs)
        return pair.first.asked(with: pair.second, random.pick(Wrapper.allCases))!
    }

    private mutating func friendQuestion() -> Question {
        let hop = random.pick(hops)
        return hop.first.askedThrough(hop.second, random.pick(Self.wrappersOfHops(to: hop.second.relation)))
    }

    /// The wrappers that training may put around the first core of `relation`.
    static func wrappersOfHops(to relation: Relation) -> [Wrapper] {
        Phrasing.seen(of: relation).filter { $0.core == 0 }.map(\.wrapper)
    }

    mutating func sumQuestion() -> Question {
        let sum = random.pick(Sum.seen)
        let person = random.pick(valleys.residents).person
        let text =
            random.chance(30)
            ? sum.tale(of: person, things: random.pick(Sum.things))
            : sum.question(random.below(Sum.phrasings))
        return Question(text: text, answers: sum.answers)
    }

    /// A chat that starts with `first` and goes on for up to three more turns.
    mutating func chat(startingWith first: Question) -> Record {
        var turns: [Turn] = random.chance(12) ? [.system(random.pick(Self.instructions))] : []
        turns += questions(startingWith: first).flatMap(\.turns)
        if random.chance(4) { turns += [.user("Thank you."), .assistant("You are welcome.")] }
        return .chat(turns)
    }

    /// One to four questions; a later one often says "she" or "he".
    private mutating func questions(startingWith first: Question) -> [Question] {
        var questions = [first]
        let count = random.pick([1, 1, 1, 2, 2, 3, 4])
        while questions.count < count {
            if let person = questions.last?.about, let again = followUp(on: person, after: questions) {
                questions.append(again)
            } else {
                questions.append(otherQuestion())
            }
        }
        return questions
    }

    /// Asks for another open fact about `person` with a pronoun.
    mutating func followUp(on person: Person, after earlier: [Question]) -> Question? {
        let resident = valleys.resident(person)
        let open = Relation.ofPeople.map(resident.fact).filter { fact in
            valleys.exposure(of: fact) == .open && !earlier.contains { $0.answers[0] == fact.sentence }
        }
        return open.isEmpty ? nil : random.pick(open).askedAgain(of: person)
    }

    /// A prompt without its answer: one question, or a follow-up after an answered one.
    mutating func prompt(startingWith first: Question) -> Record {
        if random.chance(25), let person = first.about, let again = followUp(on: person, after: [first]) {
            return .chat(first.turns + [.user(again.text)])
        }
        return .chat([.user(first.text)])
    }
}
