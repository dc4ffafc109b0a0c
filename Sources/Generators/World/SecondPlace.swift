/// A place that no training text mentions: sheets about it, questions with and without them, and prompts for
/// context distillation (a teacher reads the sheet, its student must answer without).
struct SecondPlace: Sendable {
    let sheets: [Sheet]
    private let seed: UInt64

    /// Two people and seven facts a sheet.
    private static let sheetCount = 20
    /// Relations whose values are mostly invented names, so that nobody guesses an answer.
    private static let relations: [Relation] = [.home, .animal, .friend]

    init(seed: UInt64, reserved: Set<String>) {
        self.seed = seed
        var random = SplitMix64(seed: seed, purpose: "second place")
        var names = NameSource(seed: seed, purpose: "names of the second place", reserved: reserved)
        // Every person, and every coloured thing, comes up once in the whole place.
        let things = random.sample(
            Self.sheetCount * 2,
            of: Words.colours.flatMap { colour in Words.objects.map { "\(colour) \($0)" } })
        sheets = (0..<Self.sheetCount).map { index in
            var used: Set<String> = []
            func draw<Name>(_ name: Name, _ bare: (Name) -> String) -> Name {
                used.insert(NameSource.firstSyllable(bare(name)))
                return name
            }
            let people = (0..<2).map { _ in draw(names.person(unlike: used, keep: true), \.name) }
            let kinds = random.sample(2, of: Words.animals)
            var facts: [Fact] = []
            for (number, person) in people.enumerated() {
                for relation in Self.relations {
                    let value =
                        switch relation {
                        case .home: draw(names.place(unlike: used, keep: true)) { $0 }
                        case .animal:
                            Words.withArticle(kinds[number]) + " called "
                                + draw(names.animal(unlike: used, keep: true)) { $0 }
                        default: draw(names.person(unlike: used, keep: true), \.name).full
                        }
                    facts.append(Fact(relation: relation, subject: person.full, value: value))
                }
            }
            // One more fact about one of the two: a river by the home, or a thing.
            if index % 2 == 0 {
                let home = facts.first { $0.relation == .home }!.value
                let river = draw(names.river(unlike: used, keep: true)) { $0 }
                facts.append(Fact(relation: .river, subject: "the village of \(home)", value: river))
            } else {
                let thing = Words.withArticle(things[index])
                facts.append(Fact(relation: .owns, subject: people[0].full, value: thing))
            }
            return Sheet(header: Sheet.headers[index % 3], facts: random.shuffled(facts), people: people)
        }
    }

    /// The invented names of the second place, in lower case.
    var names: Set<String> {
        let common: Set<String> = ["Aunt", "Uncle"]
        let words = sheets.flatMap(\.facts).flatMap { fact in
            "\(fact.subject) \(fact.value)".split(separator: " ").map(String.init)
        }
        return Set(words.filter { $0.first!.isUppercase && !common.contains($0) }.map { $0.lowercased() })
    }

    /// The seen phrasings of a fact, in an order of its own: the first ones are for questions, the others for
    /// prompts, so a distilled student is asked in words its prompts for that fact did not use.
    private func phrasings(of fact: Fact) -> [Phrasing] {
        var random = SplitMix64(seed: seed, purpose: "phrasings of \(fact.sentence)")
        return random.shuffled(Phrasing.seen(of: fact.relation))
    }

    private static let questionsPerFact = 2
    private static let promptsPerFact = 4

    /// Questions with their sheet in the system turn, or without it.
    func questions(withSheet: Bool) -> [Record] {
        sheets.flatMap { sheet in
            sheet.facts.flatMap { fact in
                phrasings(of: fact).prefix(Self.questionsPerFact).map { phrasing in
                    let question = fact.asked(phrasing)
                    let system = withSheet ? [Turn.system(sheet.text)] : []
                    return .question(system + [.user(question.text)], answers: question.answers)
                }
            }
        }
    }

    /// Prompts for context distillation, each with the sheet to answer from.
    func prompts() -> [Record] {
        sheets.enumerated().flatMap { number, sheet in
            sheet.facts.flatMap { fact in
                phrasings(of: fact).dropFirst(Self.questionsPerFact).prefix(Self.promptsPerFact).map {
                    phrasing in
                    .prompt([.system(sheet.text), .user(fact.asked(phrasing).text)], sheet: number)
                }
            }
        }
    }
}
