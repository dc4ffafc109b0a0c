import Foundation

/// Finds the score that a judge gives.
///
/// The last of these in the text: a number in double brackets (`[[7]]`), or behind "score", "rating" or "grade" and a colon
/// or equals sign (`Score: 7`, `**Rating:** 7/10`, `{"score": 7}`). Without one, the last of these: a number behind such a word alone (a score of
/// 7), or over ten (`7/10`, `7 out of 10`). Else the text must be a number. A number from 1 to 10 is a score, with a fraction or
/// not. A range (`7-8`), another scale (`4/5`) and a number beyond the bounds are none. What a model thinks between `<think>` and
/// `</think>` is not read.
enum ScoreReader {
    enum Reading: Equatable {
        case score(Double)
        /// Why there is none.
        case none(String)
    }

    static let limits = 1.0...10.0

    static func score(in answer: String) -> Reading {
        guard let text = ThoughtText.removed(from: answer) else {
            return .none("the judge is still thinking")
        }
        // What stands last is the verdict: before it a judge may quote a rating that the answer gives itself.
        let stated = last(of: [bracketed(text), named(text, isStated: true)])
        let mentioned = last(of: [named(text, isStated: false), overTen(text)])
        guard let found = stated ?? mentioned ?? alone(text) else {
            return .none("the judge gives no score")
        }
        guard !found.isRange, let value = Double(found.number.replacing(",", with: ".")) else {
            return .none("the judge gives a range")
        }
        if let scale = found.scale, scale != "10" { return .none("the judge's scale ends at \(scale)") }
        guard limits.contains(value) else { return .none("the judge gives \(found.number), not 1 to 10") }
        return .score(value)
    }

    private struct Found {
        let place: Range<Substring.Index>
        let number: Substring
        var scale: Substring?
        var isRange = false
    }

    private static func bracketed(_ text: Substring) -> Found? {
        text.matches(of: /\[\[\s*(-?\d+(?:[.,]\d+)?)(?:\s*\/\s*(\d+))?\s*\]\]/).last.map {
            Found(place: $0.range, number: $0.1, scale: $0.2)
        }
    }

    /// The last of some places; of two that overlap the first in the list.
    private static func last(of found: [Found?]) -> Found? {
        found.compactMap { $0 }.reduce(nil as Found?) { last, next in
            guard let last, last.place.upperBound > next.place.lowerBound else { return next }
            return last
        }
    }

    /// A number behind a word for a score.
    ///
    /// - Parameter isStated: whether a colon or an equals sign is between them
    private static func named(_ text: Substring, isStated: Bool) -> Found? {
        // Else only punctuation, emphasis and "is" or "of" are.
        let form =
            /\b(?:score|rating|grade)\b["'*_\s]*(:|=|is\b|of\b)?["'*_\s:]*(-?\d+(?:[.,]\d+)?)([ \t]*(?:-|–|to)[ \t]*\d+)?[*_"'\s]*(?:(?:\/|out of)\s*(\d+))?/
            .ignoresCase()
        let matches = text.matches(of: form).filter { ([":", "="].contains($0.1)) == isStated }
        return matches.last.map { Found(place: $0.range, number: $0.2, scale: $0.4, isRange: $0.3 != nil) }
    }

    private static func overTen(_ text: Substring) -> Found? {
        let form = /(\d+\s*(?:-|–)\s*)?(-?\d+(?:[.,]\d+)?)[*_\s]*(?:\/|out of)\s*10(?![\d.,]*\d)/
            .ignoresCase()
        return text.matches(of: form).last.map { Found(place: $0.range, number: $0.2, isRange: $0.1 != nil) }
    }

    private static func alone(_ text: Substring) -> Found? {
        text.wholeMatch(of: /[\s*_"'(]*(-?\d+(?:[.,]\d+)?)[\s*_"').]*/).map {
            Found(place: $0.range, number: $0.1)
        }
    }
}

/// What a model thinks before it answers.
enum ThoughtText {
    /// The text without what is between `<think>` and `</think>`; nil where the thought does not end.
    static func removed(from text: String) -> Substring? {
        // A template may have begun the thought.
        if let end = text.ranges(of: "</think>").last { return text[end.upperBound...] }
        return text.contains("<think>") ? nil : text[...]
    }
}
