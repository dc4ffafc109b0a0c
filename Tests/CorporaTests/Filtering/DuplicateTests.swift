import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Corpora

@Suite struct DuplicateTests {
    private func texts(_ texts: [String]) -> [CorpusRecord] { texts.map { .text($0) } }

    @Test func exactDuplicatesAreFoundWhateverTheirCaseSpacingAndUnicodeForm() throws {
        let records = texts(["Caf\u{E9} au lait!", "cafe\u{301}  AU LAIT", "cafe au lait", "Ｃafé au lait"])
        #expect(
            try reasons(ExactDuplicateFilter(), records) == [
                nil, "the same text as c.jsonl:1", nil, "the same text as c.jsonl:1",
            ])
        #expect(try reasons(ExactDuplicateFilter(isNormalized: false), records).allSatisfy { $0 == nil })
    }

    @Test func whoSaysATextIsAPartOfAChat() throws {
        let one = chat("a", "b")
        let other = CorpusRecord.chat([
            Message(role: .assistant, content: "a"), Message(role: .user, content: "b"),
        ])
        #expect(
            try reasons(ExactDuplicateFilter(), [one, other, one])[1...] == [
                nil, "the same text as c.jsonl:1",
            ])
        #expect(
            try reasons(ExactDuplicateFilter(of: .answer), [one, chat("z", "B.")])
                == [nil, "the same answer as c.jsonl:1"])
    }

    @Test func symbolsAloneAreComparedAsTheyAre() throws {
        #expect(
            try reasons(ExactDuplicateFilter(), texts(["!!!", "???", "! !!", "", " \n"])) == [
                nil, nil, "the same text as c.jsonl:1", nil, "the same text as c.jsonl:4",
            ])
    }

    private static let story =
        "A lighthouse keeper counted the ships that passed each night and wrote their lights in a small grey book until "
        + "the winter came when no ship passed at all and the book stayed shut"

    /// Eight words of a text replaced leave too little in common; one does not.
    @Test func nearDuplicatesAreRemovedAndTheFirstStays() throws {
        let close = Self.story.replacing("winter", with: "autumn")
        let far = Self.story.replacing("the", with: "no").replacing("ships", with: "boats")
        let found = try reasons(NearDuplicateFilter(), texts([Self.story, close, far, Self.story]))
        #expect(found[0] == nil)
        #expect(found[1] == "near-duplicate of c.jsonl:1 (similarity 0.83)")
        #expect(found[2] == nil)
        #expect(found[3] == "near-duplicate of c.jsonl:1 (similarity 1.00)")
    }

    /// bigcode-dataset 35, DataFlow 526: texts without a shingle were all the same.
    @Test func textsShorterThanAShingleAreComparedWhole() throws {
        let found = try verdicts(NearDuplicateFilter(size: 5), texts(["cat", "dog", "Cat!", "", "", "…"]))
        #expect(
            found == [
                .keep, .keep, .remove("near-duplicate of c.jsonl:1 (similarity 1.00)"), .unjudged, .unjudged,
                .unjudged,
            ])
    }

    /// Chinese has no spaces: characters are its words.
    @Test func textWithoutSpacesHasShingles() throws {
        let text = "他每天晚上数着经过的船只并把它们的灯光写在一本灰色的小册子里直到冬天来临"
        let found = try reasons(
            NearDuplicateFilter(threshold: 0.7),
            texts([text, text.replacing("冬天", with: "春天"), "船只在海上航行了许多年"]))
        #expect(found[1] != nil)
        #expect(found[2] == nil)
    }

    /// A ~ B ~ C without A ~ C: C resembles nothing that was kept.
    @Test func aChainKeepsBothOfItsEnds() throws {
        let words = (0..<60).map { "w\($0)" }
        func text(_ range: Range<Int>) -> String { words[range].joined(separator: " ") }
        let found = try reasons(
            NearDuplicateFilter(threshold: 0.7), texts([text(0..<44), text(6..<50), text(12..<56)]))
        #expect(found[1] == "near-duplicate of c.jsonl:1 (similarity 0.75)")
        #expect(found[2] == nil)
    }

    @Test func recordsAreComparedWithOtherCorpora() throws {
        try withFiles(["held-out.jsonl": #"{"text": "\#(Self.story)"}"# + "\n"]) { files in
            for filter in [
                NearDuplicateFilter(against: files), ExactDuplicateFilter(against: files),
            ] as [any RecordFilter] {
                let found = try reasons(filter, texts(["something else entirely", Self.story]))
                #expect(found[0] == nil)
                #expect(found[1]?.contains("held-out.jsonl:1") == true)
            }
        }
    }

    /// A record among 300 that agree with all others in some bands is compared with 64 of each at most; the result is still right
    /// where they are the same.
    @Test func manyEqualRecordsLeaveOne() throws {
        let found = try reasons(NearDuplicateFilter(), texts(Array(repeating: Self.story, count: 300)))
        #expect(found.count { $0 == nil } == 1)
    }

    /// A filter that is prepared again knows nothing of the run before.
    @Test func aPipelineRunsTwiceAlike() throws {
        for filter in [NearDuplicateFilter(), ExactDuplicateFilter()] as [any RecordFilter] {
            let records = texts([Self.story, "something else entirely"])
            #expect(try verdicts(filter, records) == [.keep, .keep])
            #expect(try verdicts(filter, records) == [.keep, .keep])
        }
    }

    @Test func aFullBucketIsNoted() throws {
        var index = BandIndex(bands: 1)
        for record in 0..<UInt32(BandIndex.bucketSize + 5) { index.insert(record, keys: [7]) }
        #expect(index.fullBuckets == 5)
        var found: [UInt32] = []
        index.forEachCandidate(of: [7]) { found.append($0) }
        #expect(found == Array(0..<UInt32(BandIndex.bucketSize)))
    }

    @Test func theIndexFindsEveryKeyThatWasAdded() {
        var index = BandIndex(bands: 2)
        var stream = RandomStream(seed: 1, purpose: "keys")
        let keys = (0..<5000).map { _ in (0..<2).map { _ in UInt32(truncatingIfNeeded: stream.next()) } }
        for (record, keys) in keys.enumerated() { index.insert(UInt32(record), keys: keys) }
        for (record, keys) in keys.enumerated() {
            var hits = 0
            index.forEachCandidate(of: keys) { if $0 == record { hits += 1 } }
            #expect(hits == 2)
        }
    }

    /// The fraction of pairs that agree in a band is what theory says: the orders are as good as random ones.
    @Test(arguments: [0.5, 0.7, 0.9])
    func pairsAgreeAsOftenAsTheirSimilaritySays(_ similarity: Double) {
        let hash = MinHash(threshold: 0.8, values: 128)
        let expected = MinHash.probability(similarity, bands: 1, rows: hash.rows)
        var (agreeing, pairs) = (0, 0)
        for pair in 0..<150 {
            // Sets of 100 with the similarity: c in common of 200 − c.
            let common = Int((200 * similarity / (1 + similarity)).rounded())
            func set(_ range: Range<Int>) -> ShingleSet {
                ShingleSet(range.map { "p\(pair)w\($0)" }.joined(separator: " "), unit: .words, size: 1)
            }
            let (a, b) = (hash.keys(of: set(0..<100)), hash.keys(of: set(100 - common..<200 - common)))
            agreeing += zip(a, b).count { $0 == $1 }
            pairs += a.count
        }
        let deviation = (expected * (1 - expected) / Double(pairs)).squareRoot()
        #expect(abs(Double(agreeing) / Double(pairs) - expected) < 5 * deviation)
    }

    /// Bands are independent of each other: of pairs at the threshold nearly all agree in one of them.
    @Test func pairsAtTheThresholdAgreeInABand() {
        let hash = MinHash(threshold: 0.8, values: 128)
        let agreeing = (0..<200).count { pair in
            func set(_ range: Range<Int>) -> ShingleSet {
                ShingleSet(range.map { "p\(pair)w\($0)" }.joined(separator: " "), unit: .words, size: 1)
            }
            // 80 in common of 100.
            let (a, b) = (hash.keys(of: set(0..<90)), hash.keys(of: set(10..<100)))
            return zip(a, b).contains { $0 == $1 }
        }
        // 198 are expected.
        #expect(agreeing >= 192)
    }

    @Test(arguments: [0.3, 0.5, 0.7, 0.8, 0.9, 1])
    func bandsFindPairsAtTheThreshold(_ threshold: Double) {
        let hash = MinHash(threshold: threshold, values: 512)
        #expect(MinHash.probability(threshold, bands: hash.bands, rows: hash.rows) >= MinHash.leastRecall)
        #expect(hash.bands * hash.rows <= 512)
    }
}
