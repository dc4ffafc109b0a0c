/// Short stories: a few facts of the world, one small event, one ending. Nothing in a story contradicts a fact.
struct StoryWriter {
    let valleys: Valleys
    private var random: SplitMix64

    init(valleys: Valleys, seed: UInt64, purpose: String) {
        self.valleys = valleys
        random = SplitMix64(seed: seed, purpose: purpose)
    }

    /// A story about `hero`. Facts that no chat asks for are told more often than the others.
    mutating func story(about hero: Valleys.Resident) -> Record {
        let friend = valleys.resident(hero.friend)
        var parts = told(of: hero, relations: chosenRelations(of: hero, count: 3 + random.below(2)))
        if random.chance(50) { parts.append(hero.fact(.friend).sentence) }
        parts += told(of: friend, relations: chosenRelations(of: friend, count: 1 + random.below(2)))
        if random.chance(30) {
            parts.append(
                random.pick(valleys.factsOfVillages.filter { $0.subject == hero.village.full }).sentence)
        }
        if random.chance(15) { parts.append(random.pick(Calendar.facts).sentence) }
        parts += StoryParts.event(hero, friend, &random)
        parts.append(StoryParts.ending(hero, friend, &random))
        return .text(parts.joined(separator: " "))
    }

    private mutating func chosenRelations(of resident: Valleys.Resident, count: Int) -> [Relation] {
        let pool = Relation.ofPeople.flatMap { relation in
            let told = valleys.exposure(of: resident.fact(relation)) == .told
            return [Relation](repeating: relation, count: told ? 3 : 1)
        }
        var chosen: [Relation] = []
        for relation in random.shuffled(pool) where !chosen.contains(relation) && chosen.count < count {
            chosen.append(relation)
        }
        return chosen
    }

    /// The facts as sentences: most alone, some joined by "and" or with a pronoun.
    private mutating func told(of resident: Valleys.Resident, relations: [Relation]) -> [String] {
        let facts = relations.map(resident.fact)
        var sentences: [String] = []
        for (index, fact) in facts.enumerated() {
            let joins = index > 0 && fact.relation != .friend && facts[index - 1].relation != .friend
            if joins, random.chance(25) {
                sentences[sentences.count - 1].removeLast()
                sentences[sentences.count - 1] +=
                    " and " + fact.clause.dropFirst(fact.subject.count + 1) + "."
            } else if joins, random.chance(15) {
                let pronoun = resident.person.pronoun.capitalisedFirst
                sentences.append(pronoun + fact.sentence.dropFirst(fact.subject.count))
            } else {
                sentences.append(fact.sentence)
            }
        }
        return sentences
    }
}
