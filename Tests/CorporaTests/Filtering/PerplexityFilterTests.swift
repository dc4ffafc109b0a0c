import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct PerplexityFilterTests {
    /// Chats whose answers are the logarithms of their perplexities.
    private func chats(_ logarithms: [String]) -> [CorpusRecord] { logarithms.map { chat($0) } }

    private func lines(_ logarithms: some Sequence<String>) -> String {
        logarithms.map { #"{"prompt": "q", "completion": "\#($0)"}"# + "\n" }.joined()
    }

    @Test func boundsAreInclusiveAndNamed() throws {
        let filter = PerplexityFilter(
            under: ScriptedModel(), keeping: .init(least: exp(1.0), greatest: exp(2.0)))
        #expect(
            try verdicts(filter, chats(["1", "0.5", "2", "2.5", "none"])) == [
                .keep, .remove("perplexity 1.649 of an answer, at least 2.718 wanted"), .keep,
                .remove("perplexity 12.18 of an answer, at most 7.389 wanted"), .unjudged,
            ])
    }

    /// A single word has a perplexity of thousands under any model.
    @Test func shortTextsAreNotJudged() throws {
        let filter = PerplexityFilter(
            under: ScriptedModel(), keeping: .init(greatest: exp(2.0)), fewestTokens: 3)
        #expect(
            try verdicts(filter, chats(["12", "12 and more", "1 and more"])) == [
                .unjudged, .remove("perplexity 1.628e+05 of an answer, at most 7.389 wanted"), .keep,
            ])
    }

    @Test func ratiosAreToAnotherModelOrToAHiddenPrompt() throws {
        // The double of the logarithm without the prompt: the ratio is exp(−x).
        let difficulty = PerplexityFilter(
            under: ScriptedModel(), over: .hiddenPrompt, keeping: .init(greatest: 1))
        #expect(
            try reasons(difficulty, chats(["0.5", "-0.5"])) == [
                nil, "perplexity ratio 1.649 of an answer, at most 1 wanted",
            ])
        let same = PerplexityFilter(
            under: ScriptedModel(), over: .model(ScriptedModel("other")),
            keeping: .init(least: 1, greatest: 1))
        #expect(try verdicts(same, chats(["0.5", "7", "none"])) == [.keep, .keep, .unjudged])
    }

    /// NumPy's percentiles of exp(0), …, exp(9) at 25 and 75 are exp(2) + (exp(3) − exp(2)) / 4 and exp(6) + 3 (exp(7) − exp(6)) / 4.
    @Test func percentilesAreThoseOfTheRecordsThatReachTheFilter() throws {
        let text = lines((0..<10).map { "\($0)" } + ["3", "none"])
        let model = ScriptedModel()
        let filter = PerplexityFilter(
            under: model, keeping: .init(leastPercentile: 25, greatestPercentile: 75))
        // The second 3 does not reach it.
        let result = try filtered(text, [ExactDuplicateFilter(of: .answer), filter])
        #expect(result.kept == lines(["3", "4", "5", "6", "none"]))
        #expect(result.report.filters.map(\.examined) == [12, 11])
        #expect(result.report.filters[1].unjudged == 1)
        #expect(result.report.filters[1].notes == ["percentile 25 is 10.56", "percentile 75 is 923.3"])
        #expect(result.removed.contains("at most 923.3, percentile 75 wanted"))
        // The second pass finds what the first has measured.
        #expect(model.measured == 11)
    }

    /// Each of two filters surveys what those before it leave, and a pipeline may run twice.
    @Test func severalFiltersWithPercentilesFollowEachOther() throws {
        let text = lines((0..<101).map { "\(Double($0) / 10)" })
        let filters = (0..<2).map { _ in
            PerplexityFilter(under: ScriptedModel(), keeping: .init(greatestPercentile: 50))
        }
        for _ in 0..<2 {
            let result = try filtered(text, filters)
            #expect(result.report.filters.map(\.removed) == [50, 25])
            #expect(result.report.kept.records == 26)
        }
    }

    @Test func extremePercentilesRemoveNothing() throws {
        let filter = PerplexityFilter(
            under: ScriptedModel(), keeping: .init(leastPercentile: 0, greatestPercentile: 100))
        #expect(try filtered(lines(["0.1", "0.7", "0.3"]), [filter]).report.removed == 0)
    }

    @Test func optionsThatDoNotGoTogetherAreRefused() throws {
        func fault(_ kind: FilterKind, _ values: [String: FilterValue]) throws -> FilterOptionFault {
            try #require(throws: FilterOptionFault.self) {
                try kind.filter(values.merging(["model": .model(ScriptedModel())]) { given, _ in given })
            }
        }
        #expect(try fault(.perplexity, [:]).problem == "nothing says what is removed")
        #expect(
            try fault(.perplexity, ["min_perplexity": .number(3), "max_perplexity": .number(2)]).option
                == "max_perplexity")
        #expect(
            try fault(.perplexity, ["min_percentile": .number(3), "max_percentile": .number(2)]).option
                == "max_percentile")
        #expect(try fault(.perplexityRatio, ["of": .text("all"), "max_ratio": .number(1)]).option == "of")
        #expect(try fault(.length, ["unit": .text("tokens")]).option == "unit")
        #expect(try fault(.length, ["tokenizer": .model(ScriptedModel())]).option == "tokenizer")
    }
}
