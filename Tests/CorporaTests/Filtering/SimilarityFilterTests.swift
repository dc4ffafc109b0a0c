import Foundation
import TestSupport
import Testing

@testable import Corpora

@Suite struct SimilarityFilterTests {
    @Test func laterRecordsLikeKeptOnesAreRemoved() throws {
        let filter = SimilarityFilter(under: ScriptedModel(), threshold: 0.9)
        let records = ["0", "0.09", "0.18", "none", "0.5"].map { CorpusRecord.text($0) }
        // 0.18 is like 0.09, which is not kept.
        #expect(
            try verdicts(filter, records) == [
                .keep, .remove("similar to c.jsonl:1 (cosine 0.910)"), .keep, .unjudged, .keep,
            ])
        // A new run knows nothing of the one before.
        #expect(try verdicts(filter, records)[0] == .keep)
    }

    @Test func recordsAreComparedWithOtherCorpora() throws {
        try withFiles(["other.jsonl": #"{"text": "0.5"}"# + "\n"]) { files in
            let filter = SimilarityFilter(under: ScriptedModel(), threshold: 0.9, against: files)
            let found = try reasons(filter, ["0.1", "0.55"].map { .text($0) })
            #expect(found[0] == nil)
            #expect(found[1]?.contains("other.jsonl:1 (cosine 0.950)") == true)
        }
    }

    /// Another filter's survey takes a second pass, in which the first is no duplicate of itself.
    @Test func anotherPassBeginsWithNothing() throws {
        let text = ["0.1", "0.15", "0.5"].map { #"{"text": "\#($0)"}"# + "\n" }.joined()
        let result = try filtered(
            text,
            [
                SimilarityFilter(under: ScriptedModel(), threshold: 0.9),
                PerplexityFilter(of: .all, under: ScriptedModel(), keeping: .init(greatestPercentile: 100)),
            ])
        #expect(result.report.kept.records == 2)
    }
}
