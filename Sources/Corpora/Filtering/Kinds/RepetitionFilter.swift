import Foundation
import Support

/// Removes records whose text repeats itself, as models do when they loop.
///
/// Four measures after Rae et al. 2021 (Gopher, arXiv 2112.11446, table A1), on words after normalization; fractions are of the
/// characters of all words. Their thresholds are meant for documents, so texts of few words are only measured for runs.
public struct RepetitionFilter: RecordRule {
    /// What is tolerated.
    public struct Limits: Sendable {
        /// Lines that repeat an earlier line, as a fraction of all lines with words.
        public var duplicateLines = 0.3
        /// Words of an n-gram whose most frequent one is looked for.
        public var topSize = 2
        /// Characters in the occurrences of the most frequent n-gram.
        public var topFraction = 0.2
        /// Words of an n-gram of which duplicates are looked for.
        public var duplicateSize = 5
        /// Characters in n-grams that have occurred before.
        public var duplicateFraction = 0.15
        /// Times that a phrase of up to 20 words follows itself.
        public var repeats = 10
        /// Compression ratio, see `CompressionRatio`; nil for no limit.
        public var compression: Double?
        /// Words below which fractions are not measured: Gopher's documents have at least 50.
        public var fewestWords = 50

        /// The standard limits.
        public init() {}
    }

    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let limits: Limits
    /// The longest phrase whose immediate repetition is looked for.
    private static let longestPhrase = 20

    /// - Parameters:
    ///   - part: the text that is measured
    ///   - limits: what is tolerated
    public init(of part: TextPart = .answer, limits: Limits = Limits()) {
        (self.part, of, self.limits) = (part, part, limits)
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        let text = record.text(of: of)
        let words = NormalizedWords(text)
        if let run = Self.longestRun(words.hashes), run.repeats > limits.repeats {
            let phrase = words.text(run.start..<run.start + run.period)
            return .remove("\"\(phrase)\" \(run.repeats) times in a row, at most \(limits.repeats) wanted")
        }
        if let most = limits.compression, case let ratio = CompressionRatio.of(text), ratio > most {
            return .remove(String(format: "compression ratio %.2f, at most %.2f wanted", ratio, most))
        }
        guard words.count >= limits.fewestWords else { return .unjudged }
        func excess(_ fraction: Double, _ most: Double, _ what: String) -> FilterVerdict? {
            fraction > most
                ? .remove(String(format: "%.0f%% \(what), at most %.0f%% wanted", 100 * fraction, 100 * most))
                : nil
        }
        return excess(Self.duplicateLines(text), limits.duplicateLines, "of the lines are duplicates")
            ?? topVerdict(words, excess)
            ?? excess(
                Self.duplicateFraction(words, size: limits.duplicateSize), limits.duplicateFraction,
                "of the characters are in repeated \(limits.duplicateSize)-grams") ?? .keep
    }

    private func topVerdict(
        _ words: NormalizedWords, _ excess: (Double, Double, String) -> FilterVerdict?
    ) -> FilterVerdict? {
        guard let top = Self.topNGram(words, size: limits.topSize) else { return nil }
        // A per cent sign would be read as a format.
        let phrase = words.text(top.start..<top.start + limits.topSize).replacing("%", with: "")
        return excess(top.fraction, limits.topFraction, "of the characters are \"\(phrase)\"")
    }

    // MARK: - Measures

    /// The phrase that follows itself most often: the words i for which word i equals word i − period, without a gap.
    static func longestRun(_ hashes: [UInt64]) -> (start: Int, period: Int, repeats: Int)? {
        var best: (start: Int, period: Int, repeats: Int)?
        for period in 1...longestPhrase where hashes.count > period {
            var run = 0
            for index in period..<hashes.count {
                guard hashes[index] == hashes[index - period] else {
                    run = 0
                    continue
                }
                run += 1
                let repeats = run / period + 1
                if repeats > best?.repeats ?? 1 { best = (index - run - period + 1, period, repeats) }
            }
        }
        return best
    }

    static func duplicateLines(_ text: String) -> Double {
        var (seen, count, duplicates) = (Set<[UInt8]>(), 0, 0)
        for line in text.split(whereSeparator: \.isNewline) {
            let words = NormalizedWords(String(line))
            guard words.count > 0 else { continue }
            count += 1
            if !seen.insert(words.bytes).inserted { duplicates += 1 }
        }
        return count > 0 ? Double(duplicates) / Double(count) : 0
    }

    /// The most frequent n-gram that occurs at least twice, and the characters in its occurrences as a fraction.
    static func topNGram(_ words: NormalizedWords, size: Int) -> (start: Int, fraction: Double)? {
        var counts: [UInt64: (start: Int, count: Int)] = [:]
        for (start, hash) in words.shingles(of: size).enumerated() {
            counts[hash, default: (start, 0)].count += 1
        }
        let top = counts.values.filter { $0.count > 1 }.max {
            ($0.count, -$0.start) < ($1.count, -$1.start)
        }
        guard let top else { return nil }
        // Overlapping occurrences, as in "a a a", do not count twice.
        let characters = words.utf8(top.start..<top.start + size).count * top.count
        return (top.start, min(1, Double(characters) / Double(words.bytes.count)))
    }

    /// Characters of words in n-grams that have occurred before, as a fraction.
    static func duplicateFraction(_ words: NormalizedWords, size: Int) -> Double {
        var (seen, covered, end) = (Set<UInt64>(), 0, 0)
        for (start, hash) in words.shingles(of: size).enumerated() where !seen.insert(hash).inserted {
            let from = max(start, end)
            covered += words.utf8(from..<start + size).count
            end = start + size
        }
        return words.count > 0 ? Double(covered) / Double(words.bytes.count) : 0
    }
}

extension FilterKind {
    /// `repetition`.
    static let repetition = FilterKind(
        "repetition", "Removes records whose text repeats itself: lines, phrases, n-grams.",
        options: repetitionOptions
    ) { options in
        var limits = RepetitionFilter.Limits()
        limits.duplicateLines = options.number("max_duplicate_lines") ?? limits.duplicateLines
        limits.topSize = options.integer("top_ngram") ?? limits.topSize
        limits.topFraction = options.number("max_top_ngram") ?? limits.topFraction
        limits.duplicateSize = options.integer("duplicate_ngram") ?? limits.duplicateSize
        limits.duplicateFraction = options.number("max_duplicate_ngrams") ?? limits.duplicateFraction
        limits.repeats = options.integer("max_repeats") ?? limits.repeats
        limits.compression = options.number("max_compression")
        limits.fewestWords = options.integer("min_words") ?? limits.fewestWords
        return RepetitionFilter(of: options.choice("of"), limits: limits)
    }

    private static var repetitionOptions: [FilterOption] {
        let standard = RepetitionFilter.Limits()
        return [
            .part(default: .answer),
            FilterOption(
                "max_duplicate_lines", .number(.fraction), default: .number(standard.duplicateLines),
                "The greatest fraction of lines that repeat an earlier one."),
            FilterOption(
                "top_ngram", .integer(1...20), default: .integer(standard.topSize),
                "Number of words n of the most frequent n-gram."),
            FilterOption(
                "max_top_ngram", .number(.fraction), default: .number(standard.topFraction),
                "The greatest fraction of characters in the most frequent n-gram."),
            FilterOption(
                "duplicate_ngram", .integer(1...100), default: .integer(standard.duplicateSize),
                "Words of the n-grams of which duplicates are looked for."),
            FilterOption(
                "max_duplicate_ngrams", .number(.fraction), default: .number(standard.duplicateFraction),
                "The greatest fraction of characters in n-grams that have occurred before."),
            FilterOption(
                "max_repeats", .integer(1...Int.max), default: .integer(standard.repeats),
                "How often a phrase of up to 20 words may follow itself."),
            FilterOption(
                "max_compression", .number(NumberLimits(1...1000)),
                "The greatest compression ratio: bits of the text over bits of its LZ77 parsing."),
            FilterOption(
                "min_words", .integer(0...Int.max), default: .integer(standard.fewestWords),
                "Texts with fewer words are judged by max_repeats and max_compression alone."),
        ]
    }
}
