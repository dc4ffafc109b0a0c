/// A sheet: a few facts about people and places found nowhere else, so that answers must be read from it.
struct Sheet: Sendable {
    /// The sheet as it stands in the system turn.
    let text: String
    let facts: [Fact]
    /// The people of the sheet by the name used in sentences.
    let people: [String: Person]

    /// No sheet starts with a name: a name then always follows a space, and tokenizes alike wherever it is read.
    static let headers = ["Notes:", "Here is what we know.", "The village book says:"]

    init(header: String, facts: [Fact], people: [Person]) {
        self.facts = facts
        self.people = Dictionary(uniqueKeysWithValues: people.map { ($0.full, $0) })
        text = ([header] + facts.map(\.sentence)).joined(separator: " ")
    }

    /// Whether some other fact of the sheet has the same relation and value, which would make a reverse
    /// question ambiguous.
    func isUnique(_ fact: Fact) -> Bool {
        facts.filter { $0.relation == fact.relation && $0.value == fact.value }.count == 1
    }
}

/// Invents sheets and chats about them.
struct SheetWriter {
    private var random: SplitMix64
    private var names: NameSource

    init(seed: UInt64, purpose: String, reserved: Set<String>) {
        random = SplitMix64(seed: seed, purpose: purpose)
        names = NameSource(seed: seed, purpose: "names for \(purpose)", reserved: reserved)
    }

    /// A sheet of four to nine facts. Two or three people share two to four relations, so that an answer needs both
    /// the right person and the right relation; now and then the river of a home is told as well.
    mutating func sheet() -> Sheet {
        var used: Set<String> = []
        let people = (0..<(random.chance(55) ? 2 : 3)).map { _ in
            let person = names.person(unlike: used)
            used.insert(NameSource.firstSyllable(person.name))
            return person
        }
        let relations = random.sample(
            people.count == 2 ? 3 : random.chance(60) ? 2 : 3, of: Relation.ofSheets)
        var facts: [Fact] = []
        for relation in relations {
            for (person, value) in zip(people, values(of: relation, count: people.count, &used)) {
                facts.append(Fact(relation: relation, subject: person.full, value: value))
            }
        }
        facts = random.sample(max(4, facts.count - random.below(3)), of: facts)
        if facts.count < 9, let home = facts.first(where: { $0.relation == .home }), random.chance(50) {
            facts.append(
                Fact(
                    relation: .river, subject: "the village of \(home.value)",
                    value: names.river(unlike: used)))
        }
        return Sheet(header: random.pick(Sheet.headers), facts: random.shuffled(facts), people: people)
    }

    /// `count` different values of one relation.
    private mutating func values(of relation: Relation, count: Int, _ used: inout Set<String>) -> [String] {
        let kinds = random.sample(count, of: Words.animals)
        let common = Self.commonValues(of: relation, count: count, &random)
        return (0..<count).map { index in
            switch relation {
            case .home: invent(&used) { $0.place(unlike: $1) }
            case .animal:
                Words.withArticle(kinds[index]) + " called " + invent(&used) { $0.animal(unlike: $1) }
            case .friend: invent(&used, nameOf: { Self.bareName($0) }) { $0.person(unlike: $1).full }
            default: common[index]
            }
        }
    }

    private static func bareName(_ full: String) -> String { String(full.split(separator: " ").last!) }

    /// Draws a name whose first syllable no other name of the sheet has.
    private mutating func invent(
        _ used: inout Set<String>, nameOf: (String) -> String = { $0 },
        _ draw: (inout NameSource, Set<String>) -> String
    ) -> String {
        let value = draw(&names, used)
        used.insert(NameSource.firstSyllable(nameOf(value)))
        return value
    }

    private static func commonValues(
        of relation: Relation, count: Int, _ random: inout SplitMix64
    ) -> [String] {
        switch relation {
        case .trade: return random.sample(count, of: Words.trades).map(Words.withArticle)
        case .likes: return random.sample(count, of: Words.foods)
        case .owns:
            let objects = random.sample(count, of: Words.objects)
            return objects.map { Words.withArticle("\(random.pick(Words.colours)) \($0)") }
        default: return []
        }
    }

    /// One to four questions about `sheet`, in seen phrasings only.
    mutating func questions(about sheet: Sheet) -> [Question] {
        let wanted = random.pick([1, 2, 2, 2, 3, 3, 4])
        var questions: [Question] = []
        for fact in random.sample(wanted, of: sheet.facts) {
            let person = sheet.people[fact.subject]
            if let person, questions.last?.about == person, random.chance(70) {
                questions.append(fact.askedAgain(of: person))
            } else if sheet.isUnique(fact), random.chance(12),
                let reverse = fact.askedInReverse(random.pick(Wrapper.allCases))
            {
                questions.append(reverse)
            } else {
                questions.append(fact.asked(random.pick(Phrasing.seen(of: fact.relation)), of: person))
            }
        }
        return questions
    }

    mutating func chat() -> Record {
        let sheet = sheet()
        return .chat([.system(sheet.text)] + questions(about: sheet).flatMap(\.turns))
    }

    /// A sheet with one open question, for a teacher to answer.
    mutating func prompt() -> Record {
        let sheet = sheet()
        return .chat([.system(sheet.text), .user(questions(about: sheet)[0].text)])
    }
}
