import Corpora
import Foundation
import Support

/// Judges answers by majority: the score is the fraction of the answers to the prompt that come to the same result
/// (self-consistency, Wang et al. 2023, arXiv 2203.11171).
public struct MajorityJudge: AnswerJudge {
    /// The method's name.
    public let method = "majority"
    private let extraction: AnswerExtraction

    /// - Parameter extraction: how the result is found in an answer
    public init(_ extraction: AnswerExtraction = AnswerExtraction()) { self.extraction = extraction }

    /// Judges all answers.
    ///
    /// - Throws: `UserError` for mistakes in the files; `Interrupted`
    public func judge(_ context: JudgeContext) throws -> Judgements {
        var results: [String?] = []
        try context.reader.forEachCandidate {
            extraction.result(of: $0.record.texts(of: .answer).last ?? "")
        } then: {
            results.append($0)
        }
        var answers = [Judgement](
            repeating: Judgement(unjudged: extraction.absence), count: context.groups.recordCount)
        var unanimous = 0
        for records in context.groups.recordsOfPrompt {
            var votes: [String: Int] = [:]
            for record in records { if let result = results[record] { votes[result, default: 0] += 1 } }
            if votes.values.contains(records.count) { unanimous += 1 }
            for record in records {
                guard let result = results[record], let count = votes[result] else { continue }
                answers[record] = Judgement(
                    score: Double(count) / Double(records.count), choice: result,
                    details: [OrderedJSON.Member("result", .string(result))])
            }
        }
        return Judgements(
            answers, counts: ["unanimous_prompts": Double(unanimous)],
            parts: ["\(unanimous) prompts with one result"])
    }
}

/// How the result is found in an answer, for comparison with other answers.
public struct AnswerExtraction: Equatable, Sendable {
    /// What of the text is the result.
    public enum Part: String, CaseIterable, Sendable {
        /// All of it, in SQuAD's normal form (see `String.normalizedAnswer`).
        case whole
        /// The last line that is not blank, in the same form.
        case lastLine = "last_line"
        /// The last number, however its digits are grouped.
        case lastNumber = "last_number"
        /// The content of the last `\boxed{…}`, without spaces.
        case boxed
    }

    /// What of the text is the result.
    public var part: Part
    /// Only the text behind the last occurrence of this is looked at; nil for all.
    public var marker: String?

    /// An extraction.
    public init(_ part: Part = .whole, after marker: String? = nil) {
        (self.part, self.marker) = (part, marker)
    }

    /// Why an answer has no result.
    var absence: String {
        let place = marker.map { " behind \($0.debugDescription)" } ?? ""
        return switch part {
        case .whole, .lastLine: "no words\(place)"
        case .lastNumber: "no number\(place)"
        case .boxed: "no \\boxed{…}\(place)"
        }
    }

    /// The result in an answer; nil if there is none.
    public func result(of answer: String) -> String? {
        var text = answer[...]
        if let marker {
            guard let found = text.ranges(of: marker).last else { return nil }
            text = text[found.upperBound...]
        }
        switch part {
        case .whole: return Self.words(text)
        case .lastLine:
            return text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.flatMap(
                Self.words)
        case .lastNumber: return text.matches(of: Self.number).last.map { Self.canonical($0.output) }
        case .boxed: return Self.boxed(text)
        }
    }

    private static func words(_ text: Substring) -> String? {
        let normal = String(text).normalizedAnswer
        return normal.isEmpty ? nil : normal
    }

    /// Digits, in groups of three or not, with a fraction or not. A full stop that ends a sentence is no part of it.
    nonisolated(unsafe) private static let number = /-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?/.asciiOnlyDigits()

    /// The number without groups, leading zeros and zeros that end its fraction.
    private static func canonical(_ number: Substring) -> String {
        var (sign, digits) = ("", number.filter { $0 != "," }[...])
        if digits.first == "-" {
            sign = "-"
            digits.removeFirst()
        }
        if digits.contains(".") {
            while digits.last == "0" { digits.removeLast() }
            if digits.last == "." { digits.removeLast() }
        }
        while digits.count > 1, digits.first == "0", digits.dropFirst().first != "." { digits.removeFirst() }
        return digits == "0" ? "0" : sign + digits
    }

    /// The content up to the brace that closes it.
    private static func boxed(_ text: Substring) -> String? {
        guard let start = text.ranges(of: "\\boxed{").last?.upperBound else { return nil }
        var depth = 1
        for index in text[start...].indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            if depth == 0 {
                let content = text[start..<index].filter { !$0.isWhitespace }
                return content.isEmpty ? nil : content
            }
        }
        return nil
    }
}
