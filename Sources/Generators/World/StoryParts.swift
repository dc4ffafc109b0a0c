/// The events and endings of the stories.
enum StoryParts {
    /// When the event happens.
    private static func time(_ random: inout SplitMix64) -> String {
        let day = random.pick(Calendar.days)
        let month = random.pick(Calendar.months)
        return switch random.below(6) {
        case 0: "One morning in \(month)"
        case 1: "On a rainy \(day)"
        case 2: "On the first \(day) of \(month)"
        case 3: "Late one evening"
        case 4: "On a quiet \(day) in \(month)"
        default: "Early one \(day)"
        }
    }

    /// A few sentences in which something small happens to `hero`.
    static func event(
        _ hero: Valleys.Resident, _ friend: Valleys.Resident, _ random: inout SplitMix64
    ) -> [String] {
        let (person, other) = (hero.person, friend.person)
        let (she, her) = (person.pronoun, person.possessive)
        let start = time(&random)
        switch random.below(12) {
        case 0:
            return [
                "\(start), the \(hero.animal) \(hero.animalName) ran away.",
                "\(person.full) looked behind every door and called its name.",
                "In the end \(she) found it asleep under a cart.",
            ]
        case 1:
            return [
                "\(start), \(person.full) cooked \(hero.food) for everyone in the street.",
                "The pot was empty before the bell rang.",
            ]
        case 2:
            let sum = random.pick(Sum.seen.filter { $0.isAddition && $0.left > 0 && $0.right > 0 })
            let things = random.pick(Sum.things)
            return [
                "\(start), \(person.full) had \(sum.left) \(things).",
                "\(other.full) brought \(sum.right) more, and that makes \(sum.result).",
                "They shared them with the children.",
            ]
        case 3:
            return [
                "On \(hero.village.marketDay) there was a market in \(hero.village.name).",
                "\(person.full) bought ribbons, and \(other.full) bought a bag of nuts.",
            ]
        case 4:
            return [
                "\(start), \(person.full) walked along the river \(hero.village.river).",
                "The water was high, and the ducks were loud.",
                "\(she.capitalisedFirst) threw them some bread and sat down on a stone.",
            ]
        case 5:
            return [
                "\(start), \(other.full) came to \(hero.village.name) with a letter.",
                "It was for \(person.full), and it smelled of roses.",
                "\(she.capitalisedFirst) read it twice and said nothing.",
            ]
        case 6:
            let feast = random.pick(Calendar.feasts)
            return [
                "At \(feast.name) all the villages met in \(feast.month).",
                "There was \(feast.food), and there was music until late.",
                "\(person.full) danced with \(other.full).",
            ]
        case 7:
            let thing = hero.thing.split(separator: " ").dropFirst().joined(separator: " ")
            return [
                "\(start), the \(thing) of \(person.full) was gone.",
                "\(other.full) helped to look for it.",
                "It was behind the door, where \(she) had put it \(person.pronoun == "she" ? "herself" : "himself").",
            ]
        case 8:
            return [
                "\(start), a storm took half the roof of the school.",
                "\(person.full) came with a ladder, and \(other.full) came with nails.",
                "By night the roof was whole again.",
            ]
        case 9:
            return [
                "\(start), a traveller asked \(person.full) for a bed.",
                "\(she.capitalisedFirst) gave \(random.chance(50) ? "the old man" : "the young woman") a bowl of soup and a warm blanket.",
                "The traveller sang an old song of the poet \u{C9}lune in return.",
            ]
        case 10:
            return [
                "\(start), \(person.full) could not sleep.",
                "\(she.capitalisedFirst) went out and counted the lights of \(hero.village.name).",
                "Over the hill of Bru\u{E9}n the moon came up.",
            ]
        default:
            let number = 3 + random.below(15)
            return [
                "\(start), \(number) children stood at the door of \(person.full).",
                "They wanted to hear the story of \(her) work as \(Words.withArticle(hero.trade)).",
                "\(she.capitalisedFirst) told it twice.",
            ]
        }
    }

    /// One closing sentence.
    static func ending(
        _ hero: Valleys.Resident, _ friend: Valleys.Resident, _ random: inout SplitMix64
    ) -> String {
        let person = hero.person
        return switch random.below(10) {
        case 0: "Then \(person.pronoun) went home and slept well."
        case 1: "\(friend.person.full) laughed about it for a week."
        case 2: "After that everyone in \(hero.village.name) was happy."
        case 3: "The \(hero.animal) \(hero.animalName) was glad too."
        case 4: "That was a good day in \(hero.village.name)."
        case 5: "The next day it rained, and nobody minded."
        case 6: "\(person.full) still tells of it."
        case 7: "Nobody else in the five valleys knows about it."
        case 8: "And so the day ended with \(hero.food) and a song."
        default: "\(friend.person.full) came to see \(person.object) the next morning."
        }
    }
}
