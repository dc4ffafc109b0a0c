import Corpora
import MethodFixtures
import TestSupport
import Testing
import Transformer

@testable import Selection

@Suite struct SelectionMethodTests {
    /// Three kinds of documents, each of one token over and over: many, some and few.
    private static let documents: [EncodedDocument] = (0..<40).map { index in
        let token: Int32 = index < 30 ? 7 : index < 38 ? 40 : 80
        let ids = Array(repeating: token, count: 6 + index % 3)
        return EncodedDocument(ids: ids, lossMask: ids.indices.map { $0 > 0 })
    }

    private func chosen(_ name: SelectionMethodName, budget: Int, seed: UInt64 = 1) throws -> [Int] {
        let model = try Small.decoder()
        let method: any SelectionMethod =
            switch name {
            case .random: RandomSelection(seed: seed)
            case .coverage: CoverageSelection()
            case .kCenter: KCenterSelection(model: model)
            case .herding: HerdingSelection(model: model)
            case .difference: LossDifferenceSelection(model: model, small: try Small.decoder(seed: 2))
            case .gradient:
                GradientSelection(
                    model: model, target: try EncodedCorpus(Small.documents(5)), seed: seed)
            }
        return try method.choose(from: EncodedCorpus(Self.documents), budget: budget)
    }

    @Test(arguments: SelectionMethodName.allCases)
    func budgets(method: SelectionMethodName) throws {
        for budget in [5, 6, 30, 100, 1000] {
            let chosen = try chosen(method, budget: budget)
            let tokens = chosen.reduce(0) { $0 + Self.documents[$1].ids.count }
            #expect(tokens <= budget && Set(chosen).count == chosen.count && chosen == chosen.sorted())
            // What is left over is less than a document.
            #expect(tokens > min(budget, 280) - 9, "\(tokens) of \(budget) tokens")
            #expect(try chosen == self.chosen(method, budget: budget))
        }
        #expect(try chosen(.random, budget: 60, seed: 2) != chosen(.random, budget: 60))
    }

    /// Four documents that leave nothing far away hold all kinds; a random choice mostly does not.
    @Test func kCenterCovers() throws {
        let kinds = try Set(chosen(.kCenter, budget: 32).map { Self.documents[$0].ids[0] })
        #expect(kinds == [7, 40, 80])
    }

    /// Half of the documents have the kinds in the proportions of all.
    @Test func herdingKeepsProportions() throws {
        let chosen = try chosen(.herding, budget: 140)
        let common = Double(chosen.count { $0 < 30 }) / Double(chosen.count)
        #expect((0.65...0.85).contains(common), "\(common)")
    }

    /// The order is that of the two models' difference in loss.
    @Test func differencePrefersWhatTheModelKnowsBetter() throws {
        let (model, small) = (try Small.decoder(), try Small.decoder(seed: 2))
        let documents = Small.documents(20).filter { $0.targetCount > 0 }
        func loss(_ decoder: DecoderModel, _ document: EncodedDocument) -> Double {
            let batch = Small.batch(of: [document])
            return zip(Small.logits(decoder, batch), batch.targets).reduce(0) {
                $0 + Reference.logSumExp($1.0) - $1.0[Int($1.1)]
            } / Double(batch.targets.count)
        }
        let scores = documents.map { loss(small, $0) - loss(model, $0) }
        let chosen = try LossDifferenceSelection(model: model, small: small).choose(
            from: EncodedCorpus(documents), budget: 40)
        let best = documents.indices.max { scores[$0] < scores[$1] }!
        #expect(chosen.contains(best))
        // Short documents fill what is left of the budget, so the worst may be among the chosen, but not the average.
        func mean(_ places: [Int]) -> Double { places.reduce(0) { $0 + scores[$1] } / Double(places.count) }
        #expect(mean(chosen) > mean(documents.indices.filter { !chosen.contains($0) }) + 0.1)
    }
}
