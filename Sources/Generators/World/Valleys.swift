/// The world: twelve villages, seventy-two people, and every fact about them.
struct Valleys: Sendable {
    struct Village: Sendable {
        let name: String
        let river: String
        let landmark: String
        let marketDay: String

        /// As it stands in sentences and questions.
        var full: String { "the village of \(name)" }
    }

    struct Resident: Sendable {
        let person: Person
        let village: Village
        let trade: String
        let food: String
        let animal: String
        let animalName: String
        /// "a green lantern".
        let thing: String
        let friend: Person
        let birthMonth: String

        func fact(_ relation: Relation) -> Fact {
            let value =
                switch relation {
                case .home: village.name
                case .trade: Words.withArticle(trade)
                case .likes: food
                case .animal: Words.withArticle(animal) + " called " + animalName
                case .owns: thing
                case .friend: friend.full
                case .birth: birthMonth
                default: preconditionFailure("\(relation) is not a fact about a person")
                }
            return Fact(relation: relation, subject: person.full, value: value)
        }
    }

    let villages: [Village]
    let residents: [Resident]
    /// How far chats may ask for each fact about a person.
    private let exposures: [Fact: Exposure]

    /// What training chats may do with a fact. Stories tell every fact.
    enum Exposure: Sendable {
        /// Asked in every seen phrasing.
        case open
        /// Asked with the first core only; the other seen phrasings are held out for this fact.
        case restricted
        /// Never asked: told in stories only.
        case told
    }

    private static let villageNames = [
        "Brindlemoor", "Pipwater", "Thistlecombe", "Mossbarrow", "Kettlewade", "Larkhollow", "Saltmeadow",
        "Wrenfold", "Amberlow", "Quillmarsh", "Fennelby", "Dunnockdale",
    ]
    private static let peoplePerVillage = 6

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed, purpose: "valleys")
        var names = NameSource(seed: seed, purpose: "names of the valleys")

        let landmarks = random.shuffled(Words.landmarks)
        villages = Self.villageNames.indices.map { index in
            Village(
                name: Self.villageNames[index], river: names.river(keep: true),
                landmark: Words.withArticle(landmarks[index]),
                marketDay: Calendar.days[index % Calendar.days.count])
        }

        // Different first syllables keep the people apart for a small reader.
        var syllables: Set<String> = []
        let count = villages.count * Self.peoplePerVillage
        let people = (0..<count).map { _ in
            let person = names.person(unlike: syllables, keep: true)
            syllables.insert(NameSource.firstSyllable(person.name))
            return person
        }
        let things = Self.things(count, &random)
        // Best friends come in pairs, so that being a best friend is mutual.
        let order = random.shuffled(Array(0..<count))
        var friends = [Int](repeating: 0, count: count)
        for pair in stride(from: 0, to: count, by: 2) {
            friends[order[pair]] = order[pair + 1]
            friends[order[pair + 1]] = order[pair]
        }
        var residents: [Resident] = []
        for index in people.indices {
            residents.append(
                Resident(
                    person: people[index], village: villages[index / Self.peoplePerVillage],
                    trade: random.pick(Words.trades), food: random.pick(Words.foods),
                    animal: random.pick(Words.animals), animalName: names.animal(keep: true),
                    thing: things[index], friend: people[friends[index]],
                    birthMonth: random.pick(Calendar.months)))
        }
        self.residents = residents

        var exposures: [Fact: Exposure] = [:]
        for fact in residents.flatMap({ resident in Relation.ofPeople.map(resident.fact) }) {
            let draw = random.below(100)
            exposures[fact] = draw < 12 ? .told : draw < 30 ? .restricted : .open
        }
        self.exposures = exposures
    }

    /// "a green lantern": every coloured thing exists once.
    private static func things(_ count: Int, _ random: inout SplitMix64) -> [String] {
        let all = Words.colours.flatMap { colour in
            Words.objects.map { Words.withArticle("\(colour) \($0)") }
        }
        return random.sample(count, of: all)
    }

    func exposure(of fact: Fact) -> Exposure { exposures[fact] ?? .open }

    func resident(_ person: Person) -> Resident {
        residents.first { $0.person == person }!
    }

    var factsOfPeople: [Fact] {
        residents.flatMap { resident in Relation.ofPeople.map(resident.fact) }
    }

    var factsOfVillages: [Fact] {
        villages.flatMap { village in
            [
                Fact(relation: .river, subject: village.full, value: village.river),
                Fact(relation: .landmark, subject: village.full, value: village.landmark),
                Fact(relation: .market, subject: village.full, value: village.marketDay),
            ]
        }
    }

    /// Everything that can be asked about the world.
    var facts: [Fact] { factsOfPeople + factsOfVillages + Calendar.facts }

    /// Every invented name, in lower case: sheets must not use them.
    var names: Set<String> {
        Set(
            villages.flatMap { [$0.name, $0.river] }.map { $0.lowercased() }
                + residents.flatMap { [$0.person.name, $0.animalName] }.map { $0.lowercased() })
    }
}
