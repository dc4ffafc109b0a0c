/// Questions for measuring: seen ones, held-out phrasings, and held-out combinations of facts and phrasings.
struct HeldOut {
    let valleys: Valleys
    private var random: SplitMix64

    init(valleys: Valleys, seed: UInt64) {
        self.valleys = valleys
        random = SplitMix64(seed: seed, purpose: "held out")
    }

    private static func record(_ question: Question, after earlier: [Turn] = []) -> Record {
        .question(earlier + [.user(question.text)], answers: question.answers)
    }

    /// First questions of training chats, word for word.
    mutating func seen(_ questions: [Question], count: Int) -> [Record] {
        var known: Set<String> = []
        return random.sample(count, of: questions.filter { known.insert($0.text).inserted }).map {
            Self.record($0)
        }
    }

    /// Openly asked facts in phrasings that no training text uses.
    mutating func phrasings(count: Int) -> [Record] {
        let facts = valleys.facts.filter { valleys.exposure(of: $0) == .open }
        return random.sample(count, of: facts).map { fact in
            Self.record(fact.asked(template: random.pick(HeldOutPhrasings.templates(of: fact.relation))))
        }
    }

    /// Seen phrasings, but with facts that training asks in other ways, or tells in stories only.
    mutating func combinations() -> [Record] {
        var records: [Record] = []
        for fact in random.shuffled(valleys.factsOfPeople) {
            switch valleys.exposure(of: fact) {
            case .open: continue
            case .told: records.append(Self.record(fact.asked(random.pick(Phrasing.seen(of: fact.relation)))))
            case .restricted:
                let unseen = Phrasing.seen(of: fact.relation).filter { $0.core != 0 }
                records.append(Self.record(fact.asked(random.pick(unseen))))
            }
        }
        records += followUps(count: 40)
        records += random.sample(60, of: Combinations.pairs(in: valleys).heldOut).map { pair in
            Self.record(pair.first.asked(with: pair.second, random.pick(Wrapper.allCases))!)
        }
        records += random.sample(60, of: Combinations.hops(in: valleys).heldOut).map { hop in
            let wrapper = random.pick(ChatWriter.wrappersOfHops(to: hop.second.relation))
            return Self.record(hop.first.askedThrough(hop.second, wrapper))
        }
        records += Sum.heldOut.map { sum in
            Self.record(Question(text: sum.question(random.below(Sum.phrasings)), answers: sum.answers))
        }
        return records
    }

    /// Pronoun questions about facts that no training chat asks with a pronoun.
    private mutating func followUps(count: Int) -> [Record] {
        let followed = valleys.residents.flatMap { resident in
            Relation.ofPeople.map(resident.fact)
                .filter { valleys.exposure(of: $0) == .restricted }.map { (resident, $0) }
        }
        return random.sample(count, of: followed).compactMap { resident, fact in
            let openings = Relation.ofPeople.filter { $0 != .friend && $0 != fact.relation }.map(
                resident.fact
            )
            .filter { valleys.exposure(of: $0) == .open }
            guard let opening = openings.first else { return nil }
            let first = opening.asked(random.pick(Phrasing.seen(of: opening.relation)), of: resident.person)
            return Self.record(fact.askedAgain(of: resident.person), after: first.turns)
        }
    }
}
