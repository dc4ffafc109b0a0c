import Corpora
import Foundation
import Testing

@testable import Selection

@Suite struct TextCoverageTests {
    private func chosen(_ texts: [[Int32]], budget: Int) throws -> [Int] {
        try CoverageSelection().choose(
            from: EncodedCorpus(texts.map { EncodedDocument(ids: $0, lossMask: $0.indices.map { $0 > 0 }) }),
            budget: budget)
    }

    /// What was said already waits until all else was said.
    @Test func repetitionsComeLast() throws {
        let texts: [[Int32]] = [[1, 2, 3], [1, 2, 3], [4, 5, 6], [1, 2, 3], [7, 8, 9], [4, 5, 6]]
        #expect(try chosen(texts, budget: 9) == [0, 2, 4])
        #expect(try chosen(texts, budget: 18) == Array(0..<6))
    }

    /// An answer that was chosen waits behind a longer one that was not, and among equals the shorter comes first.
    @Test func gainsAreCountedByLength() throws {
        let short: [Int32] = [1, 2, 3]
        let long: [Int32] = [4, 5, 6, 7]
        #expect(try chosen([short, short, long], budget: 7) == [0, 2])
        #expect(try chosen([long, short], budget: 4) == [1])
        // Four times as long is too long: ln 2 / 12 < ln 1.5 / 3.
        #expect(try chosen([short, short, Array(10..<22)], budget: 14) == [0, 1])
    }

    /// Runs are what stands between tokens that are no targets.
    @Test func answersAreToldApart() throws {
        func document(_ ids: [Int32], _ lossMask: [Bool]) -> EncodedDocument {
            EncodedDocument(ids: ids, lossMask: lossMask)
        }
        let kept = [false, true, true, false, true, true]
        let documents = [
            document([1, 2, 3, 4, 5, 6], kept), document([9, 2, 3, 8, 5, 6], kept),
            document([1, 2, 7, 4, 5, 8], kept),
        ]
        #expect(
            try CoverageSelection().choose(from: EncodedCorpus(documents), budget: 12) == [
                0, 2,
            ])
    }

    /// Greedy choice by definition, on texts of equal length: the same value up to ties and the step of the threshold.
    @Test func nearGreedy() throws {
        let documents = (0..<60).map { text -> EncodedDocument in
            let ids = (0..<9).map { Int32($0 % 3 == 0 ? 50 : (text * text + $0 / 3 * text) % 7) }
            return EncodedDocument(ids: ids, lossMask: ids.map { $0 != 50 })
        }
        func value(_ places: [Int]) -> Double {
            var counts: [ArraySlice<Int32>: Double] = [:]
            for place in places {
                for start in [1, 4, 7] { counts[documents[place].ids[start...start + 1], default: 0] += 1 }
            }
            return counts.values.reduce(0) { $0 + log1p($1) }
        }
        var greedy: [Int] = []
        while greedy.count < 12 {
            let left = documents.indices.filter { !greedy.contains($0) }
            greedy.append(left.max { value(greedy + [$0]) < value(greedy + [$1]) }!)
        }
        let chosen = try CoverageSelection().choose(
            from: EncodedCorpus(documents), budget: 12 * 9)
        #expect(chosen.count == 12)
        #expect(value(chosen) >= 0.9 * value(greedy) && value(chosen) > value(Array(0..<12)))
    }
}
