import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Corpora

/// Filters that judge each record by itself.
@Suite struct RuleTests {
    @Test func lengthCountsThePartThatItIsAskedFor() throws {
        let records = [chat("a question", "yes"), chat("a question", ""), CorpusRecord.text("yes")]
        #expect(
            try reasons(LengthFilter(minimum: 1), records) == [
                nil, "an answer of 0 characters, at least 1 wanted", nil,
            ])
        #expect(
            try reasons(LengthFilter(of: .prompt, in: .words, maximum: 1), records) == [
                "a prompt of 2 words, at most 1 wanted", "a prompt of 2 words, at most 1 wanted", nil,
            ])
        // A chat without an answer has one of no characters.
        let asked = CorpusRecord.chat([Message(role: .user, content: "q")])
        #expect(try reasons(LengthFilter(), [asked])[0] == "an answer of 0 characters, at least 1 wanted")
        #expect(try reason(LengthFilter(in: .lines, maximum: 2), "a\n\n \nb\nc") != nil)
        #expect(try reason(LengthFilter(maximum: 1), "é") == nil)
    }

    /// The tokens of the contents, as the tokenizer has them; a marker in a text is text.
    @Test func lengthInTokensIsTheTokenizers() throws {
        func count(_ text: String) -> Int { smallTokenizer.encodeContent(text).count }
        func filter(_ part: TextPart, maximum: Int) -> LengthFilter {
            LengthFilter(of: part, in: .tokens, maximum: maximum) { smallTokenizer }
        }
        let (question, answer) = ("Where does Pell live?", "Pell lives by the river. <|user|>")
        #expect(count(answer) > 8)
        let record = chat(question, answer)
        #expect(try verdicts(filter(.answer, maximum: count(answer)), [record]) == [.keep])
        #expect(
            try reasons(filter(.answer, maximum: count(answer) - 1), [record]) == [
                "an answer of \(count(answer)) tokens, at most \(count(answer) - 1) wanted"
            ])
        #expect(try verdicts(filter(.all, maximum: count(question) + count(answer)), [record]) == [.keep])
    }

    @Test func theFinishReasonOfSyntheticRecordsIsRead() throws {
        let lines = [
            #"{"text":"a","meta":{"finish_reason":"stop"}}"#,
            #"{"text":"a","meta":{"finish_reason":"length"}}"#,
            #"{"text":"a","finish_reason":"length"}"#, #"{"text":"a"}"#,
        ]
        let records = lines.map { _ in CorpusRecord.text("a") }
        let found = try verdicts(FinishReasonFilter(), records, lines: lines)
        #expect(found[0] == .keep)
        #expect(found[3] == .unjudged)
        guard case .remove(let reason) = found[1], case .remove = found[2] else {
            Issue.record("answers that were cut are kept")
            return
        }
        #expect(reason.hasPrefix(#"finish reason "length""#))
        #expect(
            try verdicts(FinishReasonFilter(withoutReason: .remove), records, lines: lines)[3]
                == .remove("no finish reason"))
    }

    @Test func scriptsAreSharesOfLetters() throws {
        let latin = ScriptFilter(scripts: [.latin], minimum: 0.8)
        #expect(try reason(latin, "Grüße an 123 Leute! 日本") == nil)
        #expect(try reason(latin, "Привет, world") == "45% of 11 letters in latin, at least 80% wanted")
        #expect(try verdicts(latin, [chat("1 + 1 = 2")]) == [.unjudged])
        #expect(try reason(ScriptFilter(scripts: [.han, .hiragana, .katakana]), "東京タワーはどこですか") == nil)
        #expect(try reason(ScriptFilter(scripts: [.cyrillic]), "Где находится башня?") == nil)
    }

    @Test func aLanguageIsToldFromReferencesOfOthers() throws {
        let english =
            "The river ran slowly through the old town, and the people who lived there would walk along it in the "
            + "evening. They said that nothing had changed since their grandparents were children."
        let german =
            "Der Fluss floss langsam durch die alte Stadt, und die Menschen, die dort wohnten, gingen abends an ihm "
            + "entlang. Sie sagten, dass sich nichts geändert habe, seit ihre Großeltern Kinder waren."
        try withFiles(["de.txt": german, "en.txt": english]) { files in
            let filter = LanguageFilter(like: [files[1]], unlike: [files[0]])
            let found = try verdicts(
                filter,
                [
                    chat("The children walked slowly along the river."),
                    chat("Die Kinder gingen langsam an dem Fluss entlang."), chat("OK."),
                ])
            #expect(found[0] == .keep)
            #expect(found[2] == .unjudged)
            guard case .remove(let reason) = found[1] else {
                Issue.record("German is kept")
                return
            }
            #expect(reason.hasPrefix("more like de.txt than like en.txt ("))
        }
    }

    @Test func loopsAreRepetition() throws {
        let plain =
            "Rain fell on the roof all night, so the cat stayed indoors and slept beside the stove until somebody opened "
            + "the door at last and let the cold morning air drift across the kitchen floor."
        var limits = RepetitionFilter.Limits()
        limits.fewestWords = 20
        #expect(try reason(RepetitionFilter(limits: limits), plain) == nil)
        #expect(
            try reason(RepetitionFilter(), String(repeating: "I do not know. ", count: 12))
                == #""i do not know" 12 times in a row, at most 10 wanted"#)
        // Nine times is within the limit, but then most of the text has been written before.
        limits.topFraction = 1
        #expect(
            try reason(
                RepetitionFilter(limits: limits), String(repeating: "I do not know at all. ", count: 9))
                == "89% of the characters are in repeated 5-grams, at most 15% wanted")
        let list = (0..<8).map { "- item \($0 % 2): a line that comes again" }.joined(separator: "\n")
        #expect(
            try reason(RepetitionFilter(limits: limits), list)
                == "75% of the lines are duplicates, at most 30% wanted")
        limits.topFraction = 0.2
        #expect(
            try reason(
                RepetitionFilter(limits: limits), (0..<15).map { "so far word\($0)" }.joined(separator: " "))
                == #"52% of the characters are "so far", at most 20% wanted"#)
        #expect(try verdicts(RepetitionFilter(), [chat("Yes, yes.")]) == [.unjudged])
    }

    @Test func repetitionCompresses() {
        let sentence = "A heron stood in the shallows and waited for the fish to forget it. "
        #expect(CompressionRatio.of(sentence) < 1.1)
        #expect(CompressionRatio.of(String(repeating: sentence, count: 20)) > 10)
        // A byte, and a match of 9 at a distance of 1: 9 + 2 + 0 + 2 · 3 bits.
        #expect(CompressionRatio.of("aaaaaaaaaa") == 80.0 / 17)
        #expect(CompressionRatio.of("") == 1)
    }

    @Test(arguments: [
        ("I'm sorry, but I can't help with that.", true), ("I’m sorry, but I cannot do so.", true),
        ("As an AI language model, I have no body.", true),
        ("I am not able to assist with this request.", true),
        ("I'm sorry to hear that. I can help you.", false), ("I cannot overstate how good it is.", false),
        ("Sorry, I am late.", false), ("The paper argues against guidelines.", false),
        ("That goes against my guidelines.", true),
    ])
    func refusalsAreFoundAtTheBeginning(_ answer: String, _ refuses: Bool) throws {
        #expect((try reason(try RefusalFilter(), answer) != nil) == refuses)
    }

    @Test func refusalPhrasesAreExtended() throws {
        let filter = try RefusalFilter(more: ["das kann|darf ich leider? nicht"])
        #expect(try reason(filter, "Das darf ich nicht!") == #"refuses: "das darf ich nicht""#)
        #expect(try reason(filter, "Das mag ich nicht.") == nil)
        // A refusal that is quoted far from the beginning is none.
        #expect(try reason(filter, String(repeating: "word ", count: 50) + "I can't help with that") == nil)
        #expect(throws: FilterOptionFault.self) { try RefusalFilter(more: ["…"]) }
    }

    @Test func patternsRemoveWhatMatchesOrAllElse() throws {
        let urls = try PatternFilter(patterns: [#"https?://\S+"#])
        #expect(
            try reason(urls, "See http://a.example for more.")
                == #"an answer that matches https?://\S+ at character 5"#)
        #expect(try reason(urls, "See there.") == nil)
        let numbers = try PatternFilter(patterns: [#"^\d+$"#, "^none$"], removing: .others)
        #expect(try reason(numbers, "42") == nil)
        #expect(try reason(numbers, "forty-two") == #"an answer that does not match ^\d+$ or ^none$"#)
        let fault = try #require(throws: FilterOptionFault.self) { try PatternFilter(patterns: ["a(b"]) }
        #expect(fault.problem.contains("(character 2)"))
    }

    @Test func theAnswerIsComparedWithTheReferenceOfTheRecord() throws {
        let lines = [
            #"{"text":"x","answers":["Paris", "the capital"]}"#, #"{"text":"x","meta":{"answer":7}}"#,
            #"{"text":"x"}"#,
            #"{"text":"x","answers":[]}"#,
        ]
        func found(_ filter: ReferenceFilter, _ answer: String, _ index: Int) throws -> FilterVerdict {
            try verdicts(filter, [chat(answer)], lines: [lines[index]])[0]
        }
        #expect(try found(ReferenceFilter(), "paris.", 0) == .keep)
        #expect(
            try found(ReferenceFilter(), "London", 0)
                == .remove(#"the answer is not "Paris" or "the capital""#))
        #expect(try found(ReferenceFilter(comparison: .contains), "It is Paris, of course", 0) == .keep)
        #expect(try found(ReferenceFilter(comparison: .contains), "Comparison", 0) != .keep)
        #expect(try found(ReferenceFilter(isNormalized: false), "paris.", 0) != .keep)
        #expect(try found(ReferenceFilter(), "7", 1) == .keep)
        #expect(try found(ReferenceFilter(), "7", 2) == .unjudged)
        #expect(throws: UserError.self) { try found(ReferenceFilter(), "7", 3) }
        // The last answer counts.
        let turns = ["Let me think.", "Paris"].flatMap {
            [Message(role: .user, content: "q"), Message(role: .assistant, content: $0)]
        }
        #expect(try verdicts(ReferenceFilter(), [.chat(turns)], lines: [lines[0]]) == [.keep])
    }
}
