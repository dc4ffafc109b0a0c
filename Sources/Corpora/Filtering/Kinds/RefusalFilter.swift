import Support

/// Removes answers that refuse, or mention being a language model, by phrases near their beginning.
///
/// A phrase is a list of words, compared after normalization (case, punctuation, apostrophes). `a|b` is either word, `a?` a word that may
/// be absent: `sorry but? i cant|cannot`. The phrases here are English; others are given by the user.
public struct RefusalFilter: RecordRule {
    /// The part of each record that is looked at.
    public let part: TextPart? = .answer
    private let phrases: [WordPhrase]
    private let within: Int

    private static let refusedVerbs =
        "help|assist|comply|provide|fulfill|fulfil|generate|engage|participate|disclose|accommodate"
    /// The phrases that are looked for in any case.
    public static let english = [
        "sorry but? i cant|cannot|wont|couldnt",
        "sorry but? i can not",
        "sorry but? i am|im unable|not",
        "apologize|apologise but? i cant|cannot|wont|am|im",
        "i cant|cannot|wont \(refusedVerbs)",
        "i can not \(refusedVerbs)",
        "i will not \(refusedVerbs)",
        "i am|im unable to \(refusedVerbs)",
        "i am|im not able to \(refusedVerbs)",
        "i am|im not allowed|permitted|programmed|designed to",
        "i must|should decline",
        "i have to decline",
        "i respectfully|politely decline",
        "as an? ai language? model|assistant|system",
        "as a large? language model",
        "i am|im just|only|merely? an? ai",
        "i dont|cant have personal opinions|feelings|experiences|beliefs",
        "against|violates my|our guidelines|programming|policy|policies",
    ]
    /// The words at the beginning of an answer that are looked at.
    public static let standardWords = 40

    /// - Parameters:
    ///   - more: further phrases
    ///   - within: how many words from the beginning are looked at
    /// - Throws: `FilterOptionFault` for a phrase without words
    public init(more: [String] = [], within: Int = Self.standardWords) throws {
        phrases = try (Self.english + more).map { text in
            guard let phrase = WordPhrase(text) else {
                throw FilterOptionFault(
                    "phrases", "\"\(text)\" has no words", hint: "words, such as \"i cant|cannot help?\"")
            }
            return phrase
        }
        self.within = within
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        for answer in record.record.texts(of: .answer) {
            let words = NormalizedWords(answer)
            let hashes = words.hashes.prefix(within)
            for start in hashes.indices {
                for phrase in phrases {
                    guard let end = phrase.end(in: hashes, from: start) else { continue }
                    return .remove("refuses: \"\(words.text(start..<end))\"")
                }
            }
        }
        return .keep
    }
}

/// A list of words with alternatives.
private struct WordPhrase: Sendable {
    private struct Word: Sendable {
        let hashes: Set<UInt64>
        let isOptional: Bool
    }

    private let words: [Word]

    init?(_ text: String) {
        words = text.split(separator: " ").compactMap { part in
            let isOptional = part.hasSuffix("?")
            let hashes = (isOptional ? part.dropLast() : part).split(separator: "|").flatMap {
                NormalizedWords(String($0)).hashes
            }
            return hashes.isEmpty ? nil : Word(hashes: Set(hashes), isOptional: isOptional)
        }
        if words.allSatisfy(\.isOptional) { return nil }
    }

    /// Where the phrase ends among hashes of words if it begins at `start`.
    func end(in hashes: ArraySlice<UInt64>, from start: Int) -> Int? { end(in: hashes, from: start, word: 0) }

    private func end(in hashes: ArraySlice<UInt64>, from start: Int, word: Int) -> Int? {
        guard word < words.count else { return start }
        if start < hashes.endIndex, words[word].hashes.contains(hashes[start]),
            let end = end(in: hashes, from: start + 1, word: word + 1)
        {
            return end
        }
        return words[word].isOptional ? end(in: hashes, from: start, word: word + 1) : nil
    }
}

extension FilterKind {
    /// `refusal`.
    static let refusal = FilterKind(
        "refusal", "Removes answers that refuse, or mention being a language model, by English phrases.",
        options: [
            FilterOption(
                "phrases", .texts, default: .texts([]),
                "Further phrases: words with alternatives, a|b, and optional ones, a?. Case and punctuation do not "
                    + "count."),
            FilterOption(
                "within", .integer(1...Int.max), default: .integer(RefusalFilter.standardWords),
                "How many words from the beginning of an answer are looked at."),
        ]
    ) { options in
        try RefusalFilter(more: options.texts("phrases"), within: options.integer("within") ?? 1)
    }
}
