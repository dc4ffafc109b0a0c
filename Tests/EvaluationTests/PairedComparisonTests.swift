import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Faults found, line 27: two models on the same items are compared item by item.
@Suite struct PairedComparisonTests {
    private func items(_ values: [Double], counts: [Int]? = nil) -> ItemSums {
        var items = ItemSums()
        for (index, value) in values.enumerated() { items.add(sum: value, count: counts?[index] ?? 1) }
        return items
    }

    private func compare(_ a: ItemSums, _ b: ItemSums, lowerIsBetter: Bool = true) -> PairedComparison? {
        PairedComparison("nll", of: ("b", b), against: ("a", a), lowerIsBetter: lowerIsBetter)
    }

    /// With one token an item it is the paired t-test: SciPy's `ttest_rel` gives t = −3.1622777 and the interval −0.3756 to
    /// −0.0244 for these.
    @Test func equalItemsGiveThePairedTTest() throws {
        let a = [1.0, 4, 2, 8, 3]
        let b = [0.9, 3.7, 1.9, 7.6, 2.9]
        let result = try #require(compare(items(a), items(b)))
        #expect(abs(result.difference + 0.2) < 1e-12)
        #expect(abs(result.difference / result.standardError + 3.162_277_7) < 1e-6)
        #expect(abs(result.low + 0.3756) < 2e-3 && abs(result.high + 0.0244) < 2e-3)
        #expect(result.better == "b" && result.items == 5)
        #expect(compare(items(a), items(b), lowerIsBetter: false)?.better == "a")
        #expect(compare(items(a), items(a))?.better == nil)
    }

    /// The spread between items is far larger than the difference, and cancels.
    @Test func whatIsHardForBothCancels() throws {
        let a = (0..<200).map { Double($0 % 17) }
        let b = a.enumerated().map { $1 - 0.01 - ($0 % 2 == 0 ? 0.001 : -0.001) }
        let result = try #require(compare(items(a), items(b)))
        #expect(result.better == "b")
        #expect(result.standardError < 1e-3)
    }

    @Test func longItemsCountMore() throws {
        let counts = [1, 2, 3, 4, 10]
        let b = counts.map { Double($0) * 0.5 }
        let result = try #require(compare(items([0, 0, 0, 0, 0], counts: counts), items(b, counts: counts)))
        #expect(abs(result.difference - 0.5) < 1e-12)
        // Each item has the same difference a token.
        #expect(result.standardError < 1e-12)
    }

    @Test func otherItemsAreNotCompared() {
        #expect(compare(items([1, 2, 3, 4, 5]), items([1, 2, 3, 4])) == nil)
        let counts = [1, 1, 1, 1, 2]
        #expect(compare(items([1, 2, 3, 4, 5]), items([1, 2, 3, 4, 5], counts: counts)) == nil)
        #expect(compare(items([1, 2, 3, 4]), items([1, 2, 3, 4])) == nil, "too few")
    }

    @Test func manyItemsAreJoined() throws {
        let many = items((0..<5000).map(Double.init), counts: (0..<5000).map { $0 % 3 })
        #expect(many.sums.count <= ItemSums.capacity && many.sums.count > ItemSums.capacity / 2)
        let (sum, count) = (many.sums.reduce(0, +), many.counts.reduce(0, +))
        // 0 + 1 + … + 4999; of 5000 numbers modulo 3 the last two are 0 and 1.
        #expect(sum == 12_497_500.0)
        #expect(count == 4999)
        // Eight neighbours at a time.
        #expect(many.sums[0] == 28.0)
        #expect(try JSONDecoder().decode(ItemSums.self, from: JSONEncoder().encode(many)).sums == many.sums)
    }

    @Test func studentsQuantile() {
        for (degrees, quantile) in [(4.0, 2.776), (10, 2.228), (30, 2.042), (1000, 1.962)] {
            #expect(abs(PairedComparison.quantile(degreesOfFreedom: degrees) - quantile) < 0.005 * quantile)
        }
    }
}

/// Faults found, line 19: accepted answers in other case or without a full stop.
@Suite struct NormalizedAnswerTests {
    /// What SQuAD's `normalize_answer` gives.
    @Test(arguments: [
        ("The Green  Ring.", "green ring"), ("A parrot, called “Goty”!", "parrot called “goty”"),
        ("U.S.A. $5+3", "usa 53"), ("an theatre", "theatre"), ("", ""), ("Straße\n", "straße"),
    ])
    func theNormalFormIsSQuADs(text: String, expected: String) {
        #expect(text.normalizedAnswer == expected)
    }

    @Test func rulesAcceptNormalizedAnswers() throws {
        #expect(!AnswerRule.exact.accepts("the green ring", among: ["The green ring."]))
        #expect(AnswerRule.exact.acceptsNormalized("the green ring", among: ["The green ring."]))
        #expect(!AnswerRule.exact.acceptsNormalized("the red ring", among: ["The green ring."]))
        let rule = try AnswerRule(format: "Ahoy! (.+)")
        #expect(rule.acceptsNormalized("Ahoy! Green ring", among: ["A green ring."]))
        #expect(!rule.acceptsNormalized("green ring", among: ["A green ring."]))
    }
}
