import Testing

@testable import World

/// Sheets must hold their answers, and little else may give them away.
@Suite struct SheetsTests {
    @Test func everyAnswerStandsInItsSheet() {
        for record in records("sheets.jsonl") {
            let sheet = record.systemTurn!
            let missing = record.assistantTurns.first { !sheet.contains($0) }
            #expect(missing == nil, "\(sheet)")
        }
        for record in records("second-place.jsonl") {
            #expect(record.systemTurn!.contains(record.answers[0]))
        }
    }

    @Test func everyQuestionHasOneAnswer() {
        var writer = SheetWriter(seed: 7, purpose: "test", reserved: [])
        for _ in 0..<500 {
            let sheet = writer.sheet()
            // One fact for each subject and relation, and names that differ from the first syllable on.
            let keys = sheet.facts.map { "\($0.relation) \($0.subject)" }
            #expect(Set(keys).count == keys.count, "\(sheet.text)")
            let names = Set(names(in: sheet.text))
            #expect(
                Set(names.map { NameSource.firstSyllable(String($0)) }).count == names.count, "\(sheet.text)")
        }
    }

    @Test func sheetsHoldFourToNineFacts() {
        for record in records("sheets.jsonl") {
            #expect((4...9).contains(facts(of: record.systemTurn!).count))
        }
    }

    @Test func namesAreDiverse() {
        let found = records("sheets.jsonl").flatMap { names(in: $0.systemTurn!) }
        #expect(Set(found).count > 10_000)
    }

    @Test func closedQuestionsAreTheSameWithoutTheSheet() {
        let open = records("second-place.jsonl")
        let closed = records("second-place-closed.jsonl")
        #expect(open.count == closed.count && open.count >= 200)
        for (with, without) in zip(open, closed) {
            #expect(without.turns == Array(with.turns.dropFirst()))
            #expect(with.answers == without.answers)
        }
    }

    @Test func secondPlaceAnswersAreMostlyInventedNames() {
        // Without its sheet a model must fail: a commonly worded answer could be guessed.
        let closed = records("second-place-closed.jsonl")
        let guessable = closed.filter { record in
            words(of: record.answers[1]).allSatisfy { !dataset.secondPlaceNames.contains($0) }
        }
        #expect(guessable.count * 10 < closed.count)
    }

    @Test func promptsOfTheSecondPlaceUseOtherWordsThanItsQuestions() {
        let asked = Set(records("second-place-closed.jsonl").flatMap(\.userTurns))
        let sheets = records("second-place-sheets.jsonl").flatMap(\.strings)
        for record in records("second-place-prompts.jsonl") {
            guard case .prompt(let turns, let number) = record else {
                Issue.record("a prompt without its sheet's number")
                continue
            }
            #expect(turns[0].content == sheets[number])
            #expect(!asked.contains(turns[1].content))
        }
    }

    /// The sentences of a sheet after its header.
    private func facts(of sheet: String) -> [String] {
        let headers = ["Notes: ", "Here is what we know. ", "The village book says: "]
        let header = headers.first { sheet.hasPrefix($0) }!
        return sheet.dropFirst(header.count).split(separator: ".").map {
            $0.drop { $0 == " " }.description
        }
    }

    private func names(in sheet: String) -> [Substring] {
        sheet.split(whereSeparator: { !$0.isLetter })
            .filter { $0.first!.isUppercase && !["Aunt", "Uncle", "The", "Notes", "Here"].contains($0) }
    }
}
