import Testing

@testable import World

@Suite struct ConsistencyTests {
    let valleys = Valleys(seed: 2_024)

    @Test func oneQuestionHasOneAnswer() {
        // Without a sheet and without earlier turns the same question is answered alike everywhere.
        var answers: [String: String] = [:]
        for record in records("chats.jsonl") {
            for (user, assistant) in zip(record.userTurns, record.assistantTurns)
            where !user.hasPrefix("And ") {
                #expect(answers.updateValue(assistant, forKey: user) ?? assistant == assistant, "\(user)")
            }
        }
        for name in ["seen.jsonl", "heldout-phrasings.jsonl", "heldout-combinations.jsonl"] {
            for record in records(name) where record.turns.count == 1 {
                let expected = record.answers[0]
                #expect(answers[record.userTurns[0]] ?? expected == expected)
            }
        }
    }

    @Test func storiesContradictNoFact() {
        // Every sentence about a resident that looks like a fact is one.
        let told = Set(valleys.facts.map(\.sentence))
        for person in valleys.residents.map(\.person) {
            let starts = [" lives in ", " works as ", " owns ", " was born in "].map { person.full + $0 }
            for story in records("stories.jsonl").flatMap(\.strings) where story.contains(person.full) {
                for sentence in story.split(separator: ".").map({ $0.drop { $0 == " " } + "." }) {
                    guard starts.contains(where: sentence.hasPrefix), !sentence.contains(" and ") else {
                        continue
                    }
                    #expect(told.contains(String(sentence)), "\(sentence)")
                }
            }
        }
    }

    @Test func reverseQuestionsOfTheWorldAreUnambiguous() {
        for relation in [Relation.animal, .owns, .river, .landmark] {
            let values = valleys.facts.filter { $0.relation == relation }.map(\.value)
            #expect(Set(values).count == values.count)
        }
    }

    @Test func bestFriendsAreMutual() {
        for resident in valleys.residents {
            #expect(valleys.resident(resident.friend).friend == resident.person)
            #expect(resident.friend != resident.person)
        }
    }

    @Test func peopleStartWithDifferentSyllables() {
        let syllables = valleys.residents.map { NameSource.firstSyllable($0.person.name) }
        #expect(syllables.count == 72 && Set(syllables).count == 72)
    }

    @Test func everyRelationKeepsEveryWrapperAndCoreInTraining() {
        for relation in Relation.allCases {
            let seen = Phrasing.seen(of: relation)
            #expect(seen.count == 21)
            #expect(Set(seen.map(\.core)).count == 3)
            #expect(Set(seen.map(\.wrapper)).count == Wrapper.allCases.count)
        }
    }

    @Test func theCalendarCloses() {
        for (relation, count) in [
            (Relation.dayAfter, 7), (.dayBefore, 7), (.monthAfter, 10), (.monthBefore, 10),
        ] {
            let facts = Calendar.facts.filter { $0.relation == relation }
            #expect(facts.count == count)
            #expect(Set(facts.map(\.subject)) == Set(facts.map(\.value)))
        }
    }

    @Test func sumsAreRightAndFewAreHeldOut() {
        #expect(Sum.all.count == 462)
        #expect(Sum.heldOut.count == 12)
        #expect(Sum.all.allSatisfy { (0...20).contains($0.result) })
        // The mirror image of a held-out sum is trained.
        for sum in Sum.heldOut {
            #expect(Sum.seen.contains(Sum(isAddition: true, left: sum.right, right: sum.left)))
        }
        #expect(Sum(isAddition: false, left: 9, right: 4).answer == "That leaves 5.")
    }

    @Test func heldOutSumsAreNowhereInTraining() {
        let sums = trainingRecords.flatMap(\.userTurns).filter { $0.contains(" plus ") }
        #expect(sums.count > 100)
        for sum in Sum.heldOut {
            let spellings = [" \(sum.left) plus \(sum.right) ", " \(sum.left) plus \(sum.right)?"]
            let hit = sums.first { text in spellings.contains { text.contains($0) } }
            #expect(hit == nil)
        }
    }

    @Test func templatesAreFilled() {
        #expect("{s} and {t} like {v}.".filling(subject: "A", second: "B", value: "C") == "A and B like C.")
        let braces = dataset.files.flatMap(\.records).flatMap(\.strings).filter { $0.contains("{") }
        #expect(braces.isEmpty)
    }
}
