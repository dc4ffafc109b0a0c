/// How much of each kind is written. The committed files use the default.
public struct DatasetSize: Sendable {
    /// Stories, a text each.
    public var stories = 1_500
    /// Chats whose system turn is a sheet of facts.
    public var sheets = 5_400
    /// Rounds over all facts that chats may ask for; each gives one chat a fact.
    public var rounds = 5
    /// Chats that start with another kind of question.
    public var otherChats = 1_000
    /// Chats that start with a sum, for the file `sums.jsonl`; without any there is no such file.
    public var sums = 0
    /// Prompts for a teacher to answer.
    public var prompts = 2_400
    /// Chats that are held in a manner which their system turn asks for.
    public var manners = 800
    /// Questions in each of the sampled test files.
    public var questions = 400
    /// Held-out texts, of each of the three kinds.
    public var heldOutTexts = 120

    /// The size of the committed files.
    public init() {}
}

/// All files of data/world.
///
/// Everything follows from `seed` and `size`: the same call gives the same bytes on every machine.
public struct Dataset: Sendable {
    /// File name and records, in the order they are written.
    public private(set) var files: [(name: String, records: [Record])]
    /// Invented names that only the second place uses, in lower case.
    public let secondPlaceNames: Set<String>
    /// Invented names of the world itself, in lower case.
    public let worldNames: Set<String>

    /// The files a model may train on; prompts count, since a teacher's answers to them become training text.
    public static let trainingFiles = [
        "stories.jsonl", "chats.jsonl", "sheets.jsonl", "sums.jsonl", "prompts.jsonl", "manners.jsonl",
    ]

    /// Writes all files in memory; see `files`.
    public init(seed: UInt64 = 2_024, size: DatasetSize = DatasetSize()) {
        let valleys = Valleys(seed: seed)
        let place = SecondPlace(seed: seed, reserved: valleys.names)
        let reserved = valleys.names.union(place.names)

        var chatWriter = ChatWriter(valleys: valleys, seed: seed, purpose: "chats")
        let questions =
            chatWriter.plainQuestions(times: size.rounds)
            + (0..<size.otherChats).map { _ in chatWriter.otherQuestion() }
        let chats = questions.map { chatWriter.chat(startingWith: $0) }
        let stories = Self.stories(valleys, seed: seed, purpose: "stories", count: size.stories)
        var sheetWriter = SheetWriter(seed: seed, purpose: "sheets", reserved: reserved)
        let sheets = (0..<size.sheets).map { _ in sheetWriter.chat() }

        let lessons = Lessons.lessons(for: stories + chats + sheets, villages: valleys.villages)

        var sumWriter = ChatWriter(valleys: valleys, seed: seed, purpose: "sums")
        let sums = (0..<size.sums).map { _ in sumWriter.chat(startingWith: sumWriter.sumQuestion()) }

        var shuffle = SplitMix64(seed: seed, purpose: "order")
        var heldOut = HeldOut(valleys: valleys, seed: seed)
        let training = Set(chats + stories + sheets + sums)
        files = [
            ("stories.jsonl", stories + lessons),
            ("chats.jsonl", shuffle.shuffled(chats)),
            ("sheets.jsonl", sheets),
            (
                "prompts.jsonl",
                Self.prompts(valleys, reserved: reserved, seed: seed, count: size.prompts, &shuffle)
            ),
            ("seen.jsonl", heldOut.seen(questions, count: size.questions)),
            ("heldout-phrasings.jsonl", heldOut.phrasings(count: size.questions)),
            ("heldout-combinations.jsonl", heldOut.combinations()),
            (
                "heldout-text.jsonl",
                Self.heldOutText(valleys, reserved: reserved, seed: seed, count: size.heldOutTexts)
                    .filter { !training.contains($0) }
            ),
            ("second-place.jsonl", place.questions(withSheet: true)),
            ("second-place-closed.jsonl", place.questions(withSheet: false)),
            ("second-place-prompts.jsonl", place.prompts()),
            ("second-place-sheets.jsonl", place.sheets.map { .text($0.text) }),
        ]
        var mannered = ChatWriter(valleys: valleys, seed: seed, purpose: "manners")
        files.append(("manners.jsonl", mannered.mannered(count: size.manners)))
        if !sums.isEmpty { files.append(("sums.jsonl", sums)) }
        secondPlaceNames = place.names
        worldNames = valleys.names
    }

    /// One file's content: a record a line, in UTF-8.
    public static func content(of records: [Record]) -> String {
        records.map { $0.json + "\n" }.joined()
    }

    private static func stories(_ valleys: Valleys, seed: UInt64, purpose: String, count: Int) -> [Record] {
        var writer = StoryWriter(valleys: valleys, seed: seed, purpose: purpose)
        var shuffle = SplitMix64(seed: seed, purpose: "heroes of \(purpose)")
        var heroes: [Valleys.Resident] = []
        while heroes.count < count { heroes += shuffle.shuffled(valleys.residents) }
        return heroes.prefix(count).map { writer.story(about: $0) }
    }

    /// Two thirds ask about the world, one third has a sheet.
    private static func prompts(
        _ valleys: Valleys, reserved: Set<String>, seed: UInt64, count: Int, _ shuffle: inout SplitMix64
    ) -> [Record] {
        var writer = ChatWriter(valleys: valleys, seed: seed, purpose: "prompts")
        var sheets = SheetWriter(seed: seed, purpose: "sheets of prompts", reserved: reserved)
        let plain = writer.plainQuestions(times: 1 + count / 1_000).prefix(count / 2)
        let other = (0..<count / 6).map { _ in writer.otherQuestion() }
        let world = (plain + other).map { writer.prompt(startingWith: $0) }
        return shuffle.shuffled(world + (0..<count / 3).map { _ in sheets.prompt() })
    }

    private static func heldOutText(
        _ valleys: Valleys, reserved: Set<String>, seed: UInt64, count: Int
    ) -> [Record] {
        var writer = ChatWriter(valleys: valleys, seed: seed, purpose: "held-out chats")
        var sheets = SheetWriter(seed: seed, purpose: "held-out sheets", reserved: reserved)
        let chats = writer.plainQuestions(times: 1).prefix(count).map { writer.chat(startingWith: $0) }
        return stories(valleys, seed: seed, purpose: "held-out stories", count: count)
            + chats + (0..<count).map { _ in sheets.chat() }
    }
}
