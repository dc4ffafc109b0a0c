import Corpora
import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct CorpusStatisticsTests {
    private func statistics(_ lines: [String], tokens: Bool = false) throws -> CorpusStatistics {
        try withFiles(["a.jsonl": lines.joined(separator: "\n")]) {
            try CorpusStatistics(of: CorpusReader($0), tokenizer: tokens ? tokenizer : nil)
        }
    }

    private func chat(_ turns: String..., system: String? = nil) -> String {
        let roles = ["user", "assistant"]
        var messages = turns.enumerated().map { ["role": roles[$0 % 2], "content": $1] }
        if let system { messages.insert(["role": "system", "content": system], at: 0) }
        let data = try! JSONSerialization.data(withJSONObject: ["messages": messages])
        return String(decoding: data, as: UTF8.self)
    }

    @Test func recordsAreCountedByKind() throws {
        let found = try statistics([
            chat("How?", "So.", "And then?", "Thus."), chat("Who?", "Me.", system: "Be short."),
            chat("When?"),
            #"{"text": "A document."}"#,
        ])
        #expect(found.records == 4)
        #expect((found.chats, found.texts, found.unansweredChats, found.systemChats) == (3, 1, 1, 1))
        #expect(found.turns.quantiles([0, 0.5, 1]) == [1, 1, 2])
        // The system turn is no part of what the user asks; an unanswered chat has no answer of length 0.
        #expect(found.promptCharacters.total == 4 + 9 + 4 + 5)
        #expect(found.answerCharacters.count == 2)
        #expect(found.answerCharacters.total == 3 + 5 + 3)
        #expect(found.textCharacters.total == 11)
        #expect(found.tokens == nil)
    }

    @Test func lengthsAreUnicodeScalars() throws {
        #expect(try statistics([chat("é?", "日本 🙂")]).answerCharacters.total == 4)
    }

    @Test func duplicatesOfRecordsPromptsAndAnswersAreToldApart() throws {
        let found = try statistics([
            chat("a", "x"), chat("a", "x"), chat("a", "y"), chat("b", "x"),
            // The same words in another role are another record.
            chat("a", "b", "c", "x"), chat("c", "x", system: "a"),
        ])
        #expect(found.duplicateRecords == 1)
        #expect(found.duplicatePrompts == 2)
        #expect(found.duplicateAnswers == 4)
        #expect(found.answers == [FrequentText(text: "x", count: 5)])
    }

    @Test func openingsAndPhrasesIgnoreCaseAndPunctuation() throws {
        let found = try statistics([
            chat("1", "It's a good day, my friend, to bake."), chat("2", "it's A good... DAY my friend!"),
            chat("3", "It is late."),
        ])
        #expect(found.openings.map(\.text) == ["its a good"])
        #expect(found.phrases.map(\.count) == [2, 2])
        #expect(found.phrases.map(\.text) == ["a good day my friend", "its a good day my"])
        #expect(found.words == 8 + 6 + 3)
        #expect(found.distinctWords == 11)
    }

    @Test func distinctPairsFallWithRepetition() throws {
        let repeated = try statistics((0..<50).map { chat("\($0)", "the same old words again") })
        let varied = try statistics((0..<50).map { chat("\($0)", "w\($0) x\($0) y\($0) z\($0) q\($0)") })
        #expect(abs(repeated.distinctPairs - 4 / 200) < 0.001)
        #expect(varied.distinctPairs > 0.98)
    }

    @Test func tokensAndUsedPiecesAreThoseOfTheTokenizer() throws {
        let found = try statistics([chat("one two", "three"), #"{"text": "one"}"#], tokens: true)
        let ids = ["one two", "three", "one"].map { tokenizer.encodeContent($0) }
        #expect(found.tokens?.total == ids.reduce(0) { $0 + $1.count })
        #expect(found.answerTokens?.total == ids[1].count)
        #expect(found.vocabulary?.used == Set(ids.joined()).count)
        #expect(found.vocabulary?.size == tokenizer.vocabularySize)
    }

    @Test func examplesAreDrawnFromTheWholeCorpus() throws {
        let lines = (0..<400).map { #"{"text": "\#($0)"}"# }
        var drawn: [Int] = []
        try withFiles(["a.jsonl": lines.joined(separator: "\n")]) { files in
            for seed in 0..<100 {
                let found = try CorpusStatistics(of: CorpusReader(files), examples: 4, seed: UInt64(seed))
                let numbers = found.examples.compactMap { Int($0.texts[0]) }
                #expect(numbers == numbers.sorted() && Set(numbers).count == 4)
                drawn += numbers
            }
        }
        // The mean of 400 uniform draws has a standard deviation of 5.8.
        #expect(abs(Double(drawn.reduce(0, +)) / 400 - 199.5) < 30)
        #expect(try statistics([chat("a", "b")]).examples.count == 1)
    }

    @Test func aMistakeIsNamedWithItsLine() throws {
        #expect {
            try statistics([chat("a", "b"), "{\"messages\": 3}"])
        } throws: {
            ($0 as? UserError)?.line == 2
        }
    }
}

@Suite struct LengthDistributionTests {
    @Test(arguments: [0.0, 0.05, 0.5, 0.95, 1])
    func quantilesAreThoseOfTheSortedLengths(fraction: Double) {
        var stream = RandomStream(seed: 4, purpose: "lengths")
        let lengths = (0..<997).map { _ in stream.nextIndex(below: 300) * stream.nextIndex(below: 40) }
        var distribution = LengthDistribution()
        lengths.forEach { distribution.add($0) }
        let rank = max(1, Int((fraction * 997).rounded(.up)))
        #expect(distribution.quantile(fraction) == lengths.sorted()[rank - 1])
        #expect(distribution.total == lengths.reduce(0, +))
    }

    @Test(arguments: [
        [0], [1], [5, 5, 5], [0, 1, 2, 3, 4, 5, 6, 7, 8], [3, 900_000], [100, 101, 150, 260],
    ])
    func theHistogramHoldsEachLengthOnce(lengths: [Int]) {
        var distribution = LengthDistribution()
        lengths.forEach { distribution.add($0) }
        let bins = distribution.histogram
        #expect(bins.reduce(0) { $0 + $1.count } == lengths.count)
        for bin in bins { #expect(bin.count == lengths.count { $0 >= bin.from && $0 <= bin.to }) }
        for (left, right) in zip(bins, bins.dropFirst()) { #expect(left.to + 1 == right.from) }
        #expect(bins.first!.count > 0 && bins.last!.count > 0)
    }

    @Test func noItemHasNoBins() {
        #expect(LengthDistribution().histogram.isEmpty)
        #expect(LengthDistribution().quantile(0.5) == 0)
    }
}

@Suite struct FrequentTextsTests {
    @Test func textsThatOccurOftenAreFoundInBoundedMemory() {
        var frequent = FrequentTexts(capacity: 100)
        var stream = RandomStream(seed: 3, purpose: "texts")
        // Every tenth text is one of five, the rest are unique.
        var exact: [String: Int] = [:]
        for index in 0..<20_000 {
            let text = index % 10 == 0 ? "common \(stream.nextIndex(below: 5))" : "rare \(index)"
            exact[text, default: 0] += 1
            frequent.add(hash(of: text)) { text }
        }
        let found = frequent.most(5)
        #expect(Set(found.map(\.text)) == Set((0..<5).map { "common \($0)" }))
        for item in found {
            #expect(item.count <= exact[item.text]!)
            #expect(item.count + frequent.error >= exact[item.text]!)
        }
        // Misra and Gries: at most n / capacity.
        #expect(frequent.error <= 20_000 / 100)
    }

    @Test func countsAreExactWhileAllFit() {
        var frequent = FrequentTexts()
        for text in ["a", "b", "a", "c", "a", "b"] { frequent.add(hash(of: text)) { text } }
        #expect(
            frequent.most(9) == [FrequentText(text: "a", count: 3), FrequentText(text: "b", count: 2)])
    }
}

@Suite struct DistinctCounterTests {
    @Test(arguments: [0, 1, 10, 3000, 40_000, 1_000_000])
    func theEstimateIsWithinFourStandardErrors(count: Int) {
        var counter = DistinctCounter()
        for index in 0..<count {
            let hash = hash(of: "word \(index)")
            counter.add(hash)
            if index % 3 == 0 { counter.add(hash) }
        }
        #expect(abs(Double(counter.estimate - count)) <= 4 * 0.0081 * Double(count) + 0.5)
    }
}

private func hash(of text: String) -> UInt64 {
    var hash = WordHash()
    for byte in text.utf8 { hash.add(byte) }
    return hash.value
}
