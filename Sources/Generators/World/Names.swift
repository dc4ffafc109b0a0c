/// Makes names from syllables: people, places, rivers and animals.
///
/// The space is large (over 50,000 names for people), so nobody can guess a name: a reader who has not been told must
/// fail. Consonant-vowel syllables keep the spelling regular, which makes copying an unseen name learnable.
struct NameSource {
    private var random: SplitMix64
    /// Names that must not come up (those of the world, or of the second place), in lower case.
    private var reserved: Set<String>

    init(seed: UInt64, purpose: String, reserved: Set<String> = []) {
        random = SplitMix64(seed: seed, purpose: purpose)
        self.reserved = reserved
    }

    private static let firstOnsets = [
        "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "dr", "gr",
        "kl", "pl", "st", "tr",
    ]
    private static let onsets = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"]
    private static let vowels = ["a", "e", "i", "o", "u"]
    private static let codas = ["", "", "", "n", "l", "r", "s", "m", "k"]
    private static let placeJoints = ["", "l", "n", "r", "s"]
    private static let placeEndings = [
        "bar", "den", "dol", "fell", "gar", "holm", "kin", "lund", "mar", "nesk", "pel", "rick", "sel", "tan",
        "ver", "wick", "zel", "tor", "mund", "vik",
    ]
    private static let animalCodas = ["m", "p", "n", "k", "l", "t", "b"]
    private static let animalEndings = ["", "", "i", "o", "y"]

    /// Pieces of rude words, and common names of the real world, that chance might spell.
    private static let unwantedParts = [
        "fuk", "dik", "kok", "tit", "pis", "kun", "nig", "neg", "rap", "sex", "kum", "nazi", "hor", "slut",
        "pus", "fag", "anus", "poo", "pub", "bum", "bob", "nip", "pen", "pap", "pim", "wan", "jap", "hel",
    ]
    private static let realNames: Set<String> = [
        "anna", "bela", "boris", "bruno", "dana", "daniel", "david", "denis", "diana", "dora", "eva", "felix",
        "gina", "greta", "hana", "helen", "hugo", "jana", "janos", "jasper", "julia", "karin", "karen",
        "karl",
        "klara", "kira", "lara", "laura", "lena", "leon", "lila", "lina", "lisa", "liza", "lola", "lukas",
        "mara",
        "maria", "marek", "marina", "marla", "mila", "milan", "mina", "mona", "nadia", "nina", "nora",
        "petra",
        "peter", "pavel", "paris", "roma", "roman", "rosa", "rita", "sara", "simon", "sofia", "sonia",
        "stefan",
        "steven", "tara", "tina", "tomas", "vera", "viktor", "zara", "lima", "lesotho", "malawi", "kenia",
        "malta", "kuba", "peru", "tonga", "samuel", "robin", "kevin", "dilan", "logan", "megan", "susan",
        "tanya",
        "natalia", "tim", "tom", "toni", "poli", "polo", "lura", "nine", "kate", "mark", "luke", "rika",
        "lisa", "rene", "kim", "jim", "dan", "ben", "ron", "ken", "sam", "max", "tony", "benny",
        "timi",
        "jimi", "tomi", "nero", "dino", "gino", "tito", "rudi", "toto", "milo", "nikola", "nikol", "nikolas",
        "gabriel", "gavin", "jakob", "jonas", "bill", "pat", "pam", "jon", "hal", "mat", "rob", "ted", "val",
        "will", "kaput", "satan", "jesus", "moses", "mohamed", "fidel", "benito", "stalin", "putin", "lenin",
    ]

    /// The first consonant-vowel pair of a name, by which names in one sheet differ.
    static func firstSyllable(_ name: String) -> String {
        let lower = name.lowercased()
        guard let vowel = lower.firstIndex(where: { "aeiou".contains($0) }) else { return lower }
        return String(lower[...vowel])
    }

    /// Draws with `spell` until the name is free, decent and starts unlike all those in `unlike`.
    private mutating func fresh(
        unlike: Set<String>, keep: Bool, _ spell: (inout SplitMix64) -> String
    ) -> String {
        while true {
            let name = spell(&random)
            if reserved.contains(name) || Self.realNames.contains(name) || Words.all.contains(name) {
                continue
            }
            if Self.unwantedParts.contains(where: { name.contains($0) }) { continue }
            if unlike.contains(Self.firstSyllable(name)) { continue }
            if keep { reserved.insert(name) }
            return name.prefix(1).uppercased() + name.dropFirst()
        }
    }

    private static func opening(_ random: inout SplitMix64) -> String {
        random.pick(firstOnsets) + random.pick(vowels)
    }

    private static func syllable(_ random: inout SplitMix64) -> String {
        random.pick(onsets) + random.pick(vowels)
    }

    /// "Tavo", "Melirun". With `keep` the source never draws the same name again.
    mutating func person(unlike: Set<String> = [], keep: Bool = false) -> Person {
        let title: Person.Title = random.chance(50) ? .aunt : .uncle
        let name = fresh(unlike: unlike, keep: keep) { random in
            let middle = random.chance(15) ? Self.syllable(&random) : ""
            return Self.opening(&random) + middle + Self.syllable(&random) + random.pick(Self.codas)
        }
        return Person(title: title, name: name)
    }

    /// "Brasel", "Tolidol".
    mutating func place(unlike: Set<String> = [], keep: Bool = false) -> String {
        fresh(unlike: unlike, keep: keep) { random in
            let start = Self.opening(&random)
            let middle = random.chance(40) ? Self.syllable(&random) : random.pick(Self.placeJoints)
            return start + middle + random.pick(Self.placeEndings)
        }
    }

    /// "Sove", "Druna".
    mutating func river(unlike: Set<String> = [], keep: Bool = false) -> String {
        fresh(unlike: unlike, keep: keep) { Self.opening(&$0) + Self.syllable(&$0) }
    }

    /// "Pok", "Tuli".
    mutating func animal(unlike: Set<String> = [], keep: Bool = false) -> String {
        fresh(unlike: unlike, keep: keep) { random in
            Self.opening(&random) + random.pick(Self.animalCodas) + random.pick(Self.animalEndings)
        }
    }
}

/// Someone of the world or of a sheet. Every grown woman is called Aunt, every grown man Uncle.
///
/// The title makes pronouns certain, and no sentence has to start with a name of its own.
struct Person: Hashable, Sendable {
    enum Title: String, Sendable {
        case aunt = "Aunt"
        case uncle = "Uncle"
    }

    let title: Title
    let name: String

    /// "Aunt Tava".
    var full: String { "\(title.rawValue) \(name)" }
    /// "she" or "he".
    var pronoun: String { title == .aunt ? "she" : "he" }
    /// "her" or "his".
    var possessive: String { title == .aunt ? "her" : "his" }
    /// "her" or "him".
    var object: String { title == .aunt ? "her" : "him" }
}
