import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Corpora

@Suite struct ContaminationTests {
    private static let question =
        "A baker has 12 trays with 24 rolls each and sells 200 rolls before noon; how many rolls are left?"
    private static let item =
        #"{"messages": [{"role": "system", "content": "Answer with a number and nothing else at all, please, whatever the question may be."}, {"role": "user", "content": "\#(question)"}, {"role": "assistant", "content": "88"}], "answers": ["88"]}"#

    private func found(
        _ items: String, _ records: [CorpusRecord], _ change: (([URL]) -> ContaminationFilter)? = nil
    )
        throws -> (reasons: [String?], notes: [String])
    {
        try withFiles(["heldout.jsonl": items]) { files in
            let filter = change?(files) ?? ContaminationFilter(against: files)
            return (
                try reasons(filter, records).map {
                    $0?.replacing(files[0].deletingLastPathComponent().path + "/", with: "")
                },
                filter.notes
            )
        }
    }

    @Test func plantedItemsAreFoundWhateverTheirCaseSpacingAndPunctuation() throws {
        let changed = Self.question.uppercased().replacing(" ", with: "\n  ").replacing(";", with: " -- ")
        let inside = "Exercise 7. \(Self.question.replacing("?", with: "")) Solution: 88."
        let (reasons, _) = try found(
            Self.item,
            [chat(changed, "x"), .text(inside), chat("How many rolls does a baker sell before noon?", "200")])
        let expected =
            #"13 words in common with heldout.jsonl:1: "a baker has 12 trays with 24 rolls each and sells 200 rolls""#
        #expect(reasons == [expected, expected, nil])
    }

    @Test func aPartOfAnItemIsEnough() throws {
        let words = Self.question.split(separator: " ")
        let (reasons, _) = try found(
            Self.item,
            [
                .text("So, " + words[4..<17].joined(separator: " ")),
                .text("So, " + words[4..<16].joined(separator: " ")),
            ])
        #expect(reasons[0] != nil)
        #expect(reasons[1] == nil)
    }

    /// Instructions of a system turn are in thousands of records.
    @Test func systemTurnsAreNotLookedFor() throws {
        let system = Message(
            role: .system,
            content: "Answer with a number and nothing else at all, please, whatever the question may be.")
        let record = CorpusRecord.chat([system, Message(role: .user, content: "What is 2 + 2?")])
        #expect(try found(Self.item, [record]).reasons == [nil])
    }

    /// An item of few words is found where a user says the same and nothing else; its answer is not looked for.
    @Test func shortItemsAreFoundAsAWhole() throws {
        let item =
            #"{"messages": [{"role": "user", "content": "Who sings?"}, {"role": "assistant", "content": "Mira."}]}"#
        let (reasons, _) = try found(
            item,
            [
                chat("who  sings", "Mira."), chat("Tell me who sings there", "Mira."),
                chat("Who is it?", "Mira."),
            ])
        #expect(reasons == [#"2 words in common with heldout.jsonl:1: "who sings""#, nil, nil])
    }

    /// "Thank you" is in every second chat.
    @Test func shortTurnsOfLongerItemsAreNotLookedFor() throws {
        let item =
            #"{"messages": [{"role": "user", "content": "\#(Self.question)"}, {"role": "assistant", "content": "88"}, {"role": "user", "content": "Thank you!"}]}"#
        #expect(try found(item, [chat("Thank you.", "You are welcome.")]).reasons == [nil])
    }

    @Test func turnsOfMediumLengthAreFoundInsideOthers() throws {
        let item = #"{"prompt": "Which bird sings at the well in winter?"}"#
        let (reasons, _) = try found(item, [.text("Quiz: which bird sings at the well in winter? None.")])
        #expect(reasons[0]?.hasPrefix("8 words in common") == true)
    }

    /// A sentence before each of many questions identifies none of them.
    @Test func wordingOfTheWholeSetIsNotLookedForAndNoted() throws {
        let frame = "Read the passage below with care, then give the one answer that fits it best of all:"
        let items = (0..<12).map { #"{"prompt": "\#(frame) number \#($0)"}"# + "\n" }.joined()
        let (reasons, notes) = try found(items, [.text("\(frame) a new one")])
        #expect(reasons == [nil])
        #expect(notes.count == 1)
        #expect(notes[0].contains("more than 10 turns"))
        let (strict, _) = try found(items, [.text("\(frame) a new one")]) {
            ContaminationFilter(against: $0, common: 12)
        }
        #expect(strict[0] != nil)
    }

    @Test func itemsThatCannotBeLookedForAreCounted() throws {
        let (_, notes) = try found(
            #"{"messages": [{"role": "assistant", "content": "Yes."}]}"# + "\n" + Self.item, [.text("Yes.")])
        #expect(notes.count == 1)
        #expect(notes[0].hasPrefix("1 items were not looked for"))
    }
}
