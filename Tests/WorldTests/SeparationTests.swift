import Testing
import World

/// What training text must not contain.
@Suite struct SeparationTests {
    let askedInTraining = Set(trainingRecords.flatMap(\.userTurns))

    @Test func heldOutPhrasingsAreAbsentFromTraining() {
        for template in HeldOutPhrasings.templates {
            let cut = template.range(of: "{s}")!
            let (before, after) = (template[..<cut.lowerBound], template[cut.upperBound...])
            let hit = askedInTraining.first { $0.hasPrefix(before) && $0.hasSuffix(after) }
            #expect(hit == nil, "\(template)")
        }
    }

    @Test func heldOutPhrasingsAreUsedInTheirFile() {
        for record in records("heldout-phrasings.jsonl") {
            let question = record.userTurns.last!
            let uses = HeldOutPhrasings.templates.contains { template in
                let cut = template.range(of: "{s}")!
                return question.hasPrefix(template[..<cut.lowerBound])
                    && question.hasSuffix(template[cut.upperBound...])
            }
            #expect(uses, "\(question)")
        }
    }

    @Test func heldOutPhrasingsUseOnlyKnownWords() {
        let known = Set(trainingRecords.flatMap(\.strings).flatMap(words(of:)))
        for record in records("heldout-phrasings.jsonl") + records("heldout-combinations.jsonl") {
            let unknown = record.userTurns.flatMap(words(of:)).filter { !known.contains($0) }
            #expect(unknown.isEmpty, "\(unknown)")
        }
    }

    @Test func heldOutCombinationsAreNotAskedInTraining() {
        for record in records("heldout-combinations.jsonl") where record.turns.count == 1 {
            let question = record.userTurns[0]
            #expect(!askedInTraining.contains(question), "\(question)")
        }
    }

    @Test func factsOnlyToldAreStillTold() {
        // A fact that no chat answers must stand word for word in several stories.
        let stories = records("stories.jsonl").flatMap(\.strings)
        let answered = Set(trainingRecords.flatMap(\.assistantTurns))
        var onlyTold = 0
        for record in records("heldout-combinations.jsonl") where record.turns.count == 1 {
            let answer = record.answers[0]
            guard !answered.contains(answer), !answer.contains(" and "), !answer.hasPrefix("That ") else {
                continue
            }
            onlyTold += 1
            #expect(stories.count { $0.contains(answer) } >= 6, "\(answer)")
        }
        #expect(onlyTold >= 40)
    }

    @Test func seenQuestionsAreSeen() {
        for record in records("seen.jsonl") {
            #expect(askedInTraining.contains(record.userTurns[0]))
        }
    }

    @Test func secondPlaceIsNeverMentioned() {
        #expect(dataset.secondPlaceNames.count > 150)
        var elsewhere = trainingRecords
        for name in [
            "seen.jsonl", "heldout-phrasings.jsonl", "heldout-combinations.jsonl", "heldout-text.jsonl",
        ] {
            elsewhere += records(name)
        }
        let used = Set(elsewhere.flatMap(\.strings).flatMap(words(of:)))
        #expect(dataset.secondPlaceNames.intersection(used) == [])
    }

    @Test func sheetsDoNotUseTheWorldsNames() {
        let used = Set(records("sheets.jsonl").flatMap(\.strings).flatMap(words(of:)))
        #expect(dataset.worldNames.intersection(used) == [])
        #expect(dataset.worldNames.intersection(dataset.secondPlaceNames) == [])
    }

    @Test func heldOutTextIsNotInTraining() {
        let training = Set(trainingRecords)
        let heldOut = records("heldout-text.jsonl")
        #expect(heldOut.count > 300)
        #expect(heldOut.allSatisfy { !training.contains($0) })
    }
}
