import Corpora
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Generation

@Suite struct PromptListTests {
    @Test func markersQuotesAndEmphasisAreNoPartOfAnItem() {
        let answer = """
            Here are the questions:
            1. Why is the sky blue?
            2) "How far is it?"
            (3) **Who was first?**
            - What are 3.5 apples?
            * Is it so?
            Q4: When?
            **5.** And then?

            ---
            """
        #expect(
            PromptList.items(in: answer, isWhole: true) == [
                "Why is the sky blue?", "How far is it?", "Who was first?", "What are 3.5 apples?",
                "Is it so?", "When?", "And then?",
            ])
    }

    @Test func theLastLineOfAnAnswerThatBreaksOffIsLeftOut() {
        #expect(PromptList.items(in: "1. Why?\n2. Wh", isWhole: false) == ["Why?"])
    }

    @Test func numbersWithinALineStay() {
        #expect(
            PromptList.items(in: "1984 was a novel?\n3.5 is a number?", isWhole: true) == [
                "1984 was a novel?", "3.5 is a number?",
            ])
    }
}

@Suite struct PromptNoveltyTests {
    @Test func rougeLIsTheFMeasureOfTheLongestCommonSubsequence() {
        let a = "the cat sat on the mat".split(separator: " ").map(String.init)
        let b = "the cat on a mat sat".split(separator: " ").map(String.init)
        // the cat on mat
        #expect(PromptNovelty.rougeL(a, b) == 2.0 * 4 / 12)
        #expect(PromptNovelty.rougeL(a, a) == 1)
        #expect(PromptNovelty.rougeL(a, ["dog"]) == 0)
        #expect(PromptNovelty.rougeL([], a) == 0)
        // What cannot reach the bound is not computed.
        #expect(PromptNovelty.rougeL(a, ["the"], atLeast: 0.7) == 0)
    }

    /// Which prompts are taken.
    private func taken(_ prompts: [String], similarity: Double) -> [String] {
        var novelty = PromptNovelty(similarity: similarity)
        return prompts.filter { novelty.add($0) }
    }

    @Test func promptsWithTheSameWordsAreAlikeInAnyCaseAndPunctuation() {
        let prompts = ["How do bees fly?", "how do Bees fly", "How do bees fly far?", "蜜蜂怎么飞?", "蜜蜂怎么飞"]
        #expect(taken(prompts, similarity: 1) == [prompts[0], prompts[2], prompts[3]])
    }

    @Test func promptsThatAreTooSimilarAreRefused() {
        // The second has 6 of 7 words of the first in order: 0.86.
        let prompts = [
            "Write a poem about the old sea", "Write a poem about the young sea",
            "Name three birds that swim",
        ]
        #expect(taken(prompts, similarity: 0.7) == [prompts[0], prompts[2]])
        #expect(taken(prompts, similarity: 0.9) == prompts)
    }
}

@Suite struct PromptWriterTests {
    private let chunk = DocumentChunk(
        file: "bread.md", number: 4, headings: ["Bread", "Yeast"], text: "It {rises}.")

    @Test func questionsCarryTheirPassageAndItsFile() throws {
        let writer = QuestionWriter(
            [chunk], count: 2, instruction: try PromptTemplate("{count} of {title}: {text}"),
            context: try PromptTemplate("Use this: {text}"))
        #expect(writer.requests.map { $0.map(\.content) } == [["2 of Bread: Yeast: It {rises}."]])
        let prompts = writer.prompts(
            in: "1. Why does it rise?\nIt rises.\n2. How far?\n3. Too many?", isWhole: true, to: 0)
        #expect(prompts.map(\.question) == ["Why does it rise?", "How far?"])
        #expect(prompts[0].messages.map(\.role) == [.system, .user])
        #expect(prompts[0].messages[0].content == "Use this: It {rises}.")
        #expect(prompts[0].meta["origin"] == .string("bread.md"))
        #expect(prompts[0].meta["chunk"] == .integer(4))
    }

    private func prompts(_ texts: String...) -> [PromptRecord] {
        texts.map { PromptRecord([Message(role: .user, content: $0)], kind: "given", origin: $0) }
    }

    @Test func selfInstructDrawsExamplesWithoutRepetitionAndNamesThemAsParents() throws {
        let seeds = prompts("one", "two", "three", "four", "five", "six", "seven\nlines")
        let written = prompts("new a", "new b", "new c")
        let instruction = try PromptTemplate("{examples}|{count}")
        let writer = SelfInstructWriter(
            seeds: seeds, written: written, round: 1, requests: 40, examples: 8, count: 3,
            instruction: instruction, seed: 4)
        for (index, request) in writer.requests.enumerated() {
            let lines = request[0].content.split(separator: "|")[0].split(separator: "\n")
            #expect(Set(lines).count == 8)
            #expect(lines.count { $0.hasPrefix("- new") } == 2)
            let found = writer.prompts(in: "- x y z\n- u v w\n- r\n- s", isWhole: true, to: index)
            #expect(found.map(\.question) == ["x y z", "u v w", "r"])
            guard case .array(let parents) = found[0].meta["parents"] else { throw CancellationError() }
            let known = Set((seeds + written).map { $0.meta["id"] })
            #expect(parents.count == 8 && parents.allSatisfy { known.contains($0) })
        }
        #expect(Set(writer.requests.map { $0[0].content }).count > 30)
        // Fewer seeds than examples are all shown.
        let few = SelfInstructWriter(
            seeds: prompts("one"), written: [], round: 0, requests: 1, examples: 8, count: 3,
            instruction: instruction, seed: 4)
        #expect(few.requests[0][0].content == "- one|3")
    }

    @Test func anEvolvedPromptKeepsSystemTurnAndOrigin() throws {
        let parent = PromptRecord(
            [Message(role: .system, content: "Short."), Message(role: .user, content: "Why?")], kind: "grid",
            origin: "topic=a")
        let writer = EvolutionWriter(
            parents: [parent], operations: [("deepen", try PromptTemplate("Deeper: {prompt}"))], seed: 1)
        #expect(writer.requests[0].map(\.content) == ["Deeper: Why?"])
        let found = writer.prompts(in: "  Why, in physics?\n", isWhole: true, to: 0)
        #expect(found.map { $0.messages.map(\.content) } == [["Short.", "Why, in physics?"]])
        #expect(found[0].meta["origin"] == .string("topic=a"))
        #expect(found[0].meta["operation"] == .string("deepen"))
        #expect(found[0].meta["parents"] == .array([parent.meta["id"]!]))
        for (answer, isWhole) in [("Why, in", false), ("Why?", true), (" \n", true), ("...", true)] {
            #expect(writer.prompts(in: answer, isWhole: isWhole, to: 0).isEmpty)
        }
    }

    @Test func theStandardInstructionsHaveTheirSlots() throws {
        #expect(
            Set(try PromptTemplate(QuestionWriter.standardInstruction).slots).isSubset(
                of: QuestionWriter.slots))
        #expect(try PromptTemplate(SelfInstructWriter.standardInstruction).slots == SelfInstructWriter.slots)
        for (_, text) in EvolutionWriter.standardOperations {
            #expect(try PromptTemplate(text).slots == EvolutionWriter.slots)
        }
    }

    @Test func whatIsShortOrWasThereBeforeIsCounted() throws {
        let writer = QuestionWriter([chunk], count: 9, instruction: try PromptTemplate("{text}"))
        var written = WrittenPrompts(earlier: prompts("Who was the first baker?"), similarity: 0.7)
        written.add(
            "Why?\nWho was the first baker?\nHow long does bread rise?", isWhole: true, to: 0, of: writer)
        written.add("How long does the bread rise?\n", isWhole: true, to: 0, of: writer)
        written.add("I cannot.", isWhole: true, to: 0, of: writer)
        #expect(written.prompts.map(\.question) == ["How long does bread rise?"])
        #expect(
            written.counts
                == WrittenPrompts.Counts(
                    answers: 3, kept: 1, answersWithoutPrompt: 1, tooShort: 1, similar: 2))
    }

    @Test func promptsAreReadWithTheirMeta() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "p.jsonl")
            let first = PromptRecord([Message(role: .user, content: "a?")], kind: "grid", origin: "x=1")
            let lines = [
                String(decoding: try JSONEncoder.stable.encode(first), as: UTF8.self),
                #"{"messages": [{"role": "user", "content": "b?"}, {"role": "assistant", "content": "c"}], "meta": {"x": 1}}"#,
            ]
            try Data(lines.joined(separator: "\n").utf8).write(to: url)
            let read = try PromptRecord.read(url)
            #expect(read.map(\.question) == ["a?", "b?"])
            #expect(read[0].meta["origin"] == .string("x=1"))
            #expect(read[1].meta["origin"] == read[1].meta["id"])
            try Data(#"{"text": "no chat"}"#.utf8).write(to: url)
            #expect(throws: UserError.self) { try PromptRecord.read(url) }
        }
    }
}
