import Support
import Tokenization

extension CorpusStatistics {
    /// Reads a corpus once.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - tokenizer: counts tokens; nil for characters and words alone
    ///   - listed: the most openings, phrases and answers that are listed
    ///   - examples: the number of records that are drawn
    ///   - seed: of the examples
    /// - Throws: `UserError` with file and line for the first mistake; `Interrupted`
    public init(
        of reader: CorpusReader, tokenizer: Tokenizer? = nil, listed: Int = 10, examples: Int = 3,
        seed: UInt64 = RandomStream.standardSeed
    ) throws {
        self.init()
        var sums = StatisticsSums(tokenizer)
        var drawn = Reservoir(size: examples, seed: seed)
        try reader.forEachCandidate {
            (record: $0.record, facts: RecordFacts($0.record, tokenizer: tokenizer))
        } then: {
            add($0.facts)
            sums.add($0.facts)
            drawn.add($0.record)
        }
        (duplicateRecords, duplicatePrompts) = (sums.records.repeated, sums.prompts.repeated)
        duplicateAnswers = sums.lastAnswers.repeated
        words = sums.wordCount
        distinctWords = sums.words.estimate
        // An estimate may exceed what there is.
        if sums.pairCount > 0 {
            distinctPairs = min(1, Double(sums.pairs.estimate) / Double(sums.pairCount))
        }
        openings = sums.openings.most(listed)
        phrases = sums.phrases.most(listed)
        answers = sums.answers.most(listed)
        self.examples = drawn.items
        if let tokenizer {
            (tokens, answerTokens) = (sums.tokens, sums.answerTokens)
            vocabulary = Coverage(used: sums.usedPieces.count { $0 }, size: tokenizer.vocabularySize)
        }
    }

    /// Adds the counts of a record.
    private mutating func add(_ facts: RecordFacts) {
        records += 1
        if let characters = facts.textCharacters {
            texts += 1
            textCharacters.add(characters)
            return
        }
        chats += 1
        if facts.hasSystem { systemChats += 1 }
        turns.add(facts.userTurns)
        promptCharacters.add(facts.promptCharacters)
        if facts.isAnswered {
            answerCharacters.add(facts.answerCharacters)
        } else {
            unansweredChats += 1
        }
    }
}

/// What is added up over records and is evaluated at the end.
private struct StatisticsSums {
    var records = RepeatedHashes()
    var prompts = RepeatedHashes()
    var lastAnswers = RepeatedHashes()
    var words = DistinctCounter()
    var pairs = DistinctCounter()
    var (wordCount, pairCount) = (0, 0)
    var openings = FrequentTexts()
    var phrases = FrequentTexts()
    var answers = FrequentTexts()
    var tokens = LengthDistribution()
    var answerTokens = LengthDistribution()
    var usedPieces: [Bool]

    init(_ tokenizer: Tokenizer?) {
        usedPieces = [Bool](repeating: false, count: tokenizer?.vocabularySize ?? 0)
    }

    mutating func add(_ facts: RecordFacts) {
        records.add(facts.recordHash)
        if let hash = facts.promptHash { prompts.add(hash) }
        if let hash = facts.answerHash {
            lastAnswers.add(hash)
            answers.add(hash) { facts.lastAnswer ?? "" }
        }
        for word in facts.words.hashes { words.add(word) }
        for pair in facts.pairs { pairs.add(pair) }
        wordCount += facts.words.count
        pairCount += facts.pairs.count
        if let opening = facts.opening {
            openings.add(opening) { facts.words.text(0..<RecordFacts.openingWords) }
        }
        for (first, phrase) in facts.phrases.enumerated() {
            phrases.add(phrase) { facts.words.text(first..<first + RecordFacts.phraseWords) }
        }
        tokens.add(facts.tokens.count)
        if facts.isAnswered { answerTokens.add(facts.answerTokens) }
        for id in facts.tokens { usedPieces[Int(id)] = true }
    }
}

/// Counts hashes that were there before; 8 bytes a hash.
private struct RepeatedHashes {
    private var hashes: [UInt64] = []

    mutating func add(_ hash: UInt64) { hashes.append(hash) }

    /// The number of hashes that are equal to an earlier one.
    var repeated: Int {
        let sorted = hashes.sorted()
        return zip(sorted, sorted.dropFirst()).count { $0 == $1 }
    }
}

/// A uniform sample of records of which nobody knows how many there will be (Vitter 1985, algorithm R).
private struct Reservoir {
    private let size: Int
    private var stream: RandomStream
    private var drawn: [(number: Int, record: CorpusRecord)] = []
    private var seen = 0

    init(size: Int, seed: UInt64) {
        self.size = size
        stream = RandomStream(seed: seed, purpose: "examples")
    }

    mutating func add(_ record: CorpusRecord) {
        defer { seen += 1 }
        if drawn.count < size { return drawn.append((seen, record)) }
        let place = stream.nextIndex(below: seen + 1)
        if place < size { drawn[place] = (seen, record) }
    }

    var items: [CorpusRecord] { drawn.sorted { $0.number < $1.number }.map(\.record) }
}
