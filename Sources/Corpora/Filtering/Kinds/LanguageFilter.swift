import Foundation
import Support
import Synchronization

/// Removes records that are more like a reference of unwanted languages than like one of the wanted language.
///
/// Each reference becomes a model of character trigrams with add-one smoothing (Cavnar and Trenkle 1994 compare ranks of the same
/// statistics; likelihoods are the naive Bayes form). The score of a text is the mean over its trigrams of
/// ln p(trigram | like) − ln p(trigram | unlike), against the most probable of the unwanted references, in nats. No languages are built in: a
/// filter knows those of its references, and tells them apart as well as these are clean. A few kilobytes of text each are enough.
public final class LanguageFilter: RecordRule {
    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let like: [URL]
    private let unlike: [URL]
    private let fewest: Int
    private let margin: Double
    private let models = Mutex<Models?>(nil)

    private struct Models {
        var like: TrigramModel
        var unlike: [(name: String, model: TrigramModel)]
    }

    /// - Parameters:
    ///   - part: the text that is looked at
    ///   - like: text in the wanted language
    ///   - unlike: text in other languages, a file each
    ///   - fewest: letters below which a text is not judged
    ///   - margin: nats a trigram by which the wanted language must be ahead
    public init(
        of part: TextPart = .answer, like: [URL], unlike: [URL], fewestLetters fewest: Int = 20,
        margin: Double = 0
    ) {
        (self.part, of, self.like, self.unlike, self.fewest, self.margin) = (
            part, part, like, unlike, fewest, margin
        )
    }

    /// The corpora that records are compared with.
    public var references: [URL] { like + unlike }

    /// Reads the corpora that records are compared with.
    ///
    /// - Throws: `UserError` for mistakes in the corpora, and if no temporary file can be made
    public func prepare(in workspace: FilterWorkspace) throws {
        func model(_ files: [URL]) throws -> TrigramModel {
            var model = TrigramModel()
            try CorpusReader(files).forEach { record in record.texts.forEach { model.add($0) } }
            guard model.total > 0 else {
                throw UserError("has no letters to know a language by", file: files.first?.relativePath)
            }
            return model
        }
        let made = Models(
            like: try model(like), unlike: try unlike.map { ($0.lastPathComponent, try model([$0])) })
        models.withLock { $0 = made }
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        guard let models = models.withLock({ $0 }) else {
            preconditionFailure("a filter is prepared before it judges")
        }
        let trigrams = TrigramModel.trigrams(of: record.text(of: of))
        guard trigrams.letters >= fewest else { return .unjudged }
        let wanted = models.like.meanLogProbability(trigrams.values)
        let best = models.unlike.map { ($0.name, $0.model.meanLogProbability(trigrams.values)) }
            .max { $0.1 < $1.1 }
        guard let best, wanted - best.1 < margin else { return .keep }
        return .remove(
            "more like \(best.0) than like \(like[0].lastPathComponent)"
                + String(format: " (%.2f nats a trigram", best.1 - wanted)
                + (margin > 0 ? String(format: ", %.2f wanted the other way)", margin) : ")"))
    }
}

/// Counts of character trigrams. Letters are lower-cased; all else is one space.
private struct TrigramModel {
    private var counts: [UInt64: Int] = [:]
    private(set) var total = 0

    mutating func add(_ text: String) {
        for trigram in Self.trigrams(of: text).values { counts[trigram, default: 0] += 1 }
        total = counts.values.reduce(0, +)
    }

    /// Mean of ln((count + 1) / (total + distinct + 1)): every trigram that was never seen has the probability of one of them.
    func meanLogProbability(_ trigrams: [UInt64]) -> Double {
        let all = log(Double(total + counts.count + 1))
        return trigrams.reduce(0) { $0 + log(Double((counts[$1] ?? 0) + 1)) - all }
            / Double(max(trigrams.count, 1))
    }

    /// The trigrams of a text, 21 bits for each character, and its letters.
    static func trigrams(of text: String) -> (values: [UInt64], letters: Int) {
        var (values, letters) = ([UInt64](), 0)
        let mask: UInt64 = 1 << 63 - 1
        var (window, length, wasSpace) = (UInt64(32), 1, true)
        for scalar in text.lowercased().unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic
            if !isLetter, wasSpace { continue }
            letters += isLetter ? 1 : 0
            wasSpace = !isLetter
            window = (window << 21 | (isLetter ? UInt64(scalar.value) : 32)) & mask
            length += 1
            if length >= 3 { values.append(window) }
        }
        return (values, letters)
    }
}

extension FilterKind {
    /// `language`.
    static let language = FilterKind(
        "language",
        "Removes records that are more like text of unwanted languages than like text of the wanted one, by character "
            + "trigrams.",
        options: [
            .part(default: .answer),
            FilterOption("like", .corpora, isRequired: true, "Text in the wanted language."),
            FilterOption(
                "unlike", .corpora, isRequired: true,
                "Text in languages that are not wanted, a file for each."),
            FilterOption(
                "min_letters", .integer(1...1_000_000), default: .integer(20),
                "Texts with fewer letters are not judged."),
            FilterOption(
                "margin", .number(NumberLimits(0...20)), default: .number(0),
                "Nats a trigram by which the wanted language must be ahead."),
        ]
    ) { options in
        LanguageFilter(
            of: options.choice("of"), like: options.corpora("like"), unlike: options.corpora("unlike"),
            fewestLetters: options.integer("min_letters") ?? 1, margin: options.number("margin") ?? 0)
    }
}
