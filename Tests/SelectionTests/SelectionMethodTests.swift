import Corpora
import Foundation
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
            case .disagreement: DisagreementSelection(teacher: model, student: try Small.decoder(seed: 2))
            case .entropy: UncertaintySelection(student: model, by: .entropy)
            case .margin: UncertaintySelection(student: model, by: .margin)
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
        func loss(_ decoder: DecoderModel, _ document: EncodedDocument) -> Double {
            let batch = Small.batch(of: [document])
            return zip(Small.logits(decoder, batch), batch.targets).reduce(0) {
                $0 + Reference.logSumExp($1.0) - $1.0[Int($1.1)]
            } / Double(batch.targets.count)
        }
        try expectHighest(LossDifferenceSelection(model: model, small: small)) {
            loss(small, $0) - loss(model, $0)
        }
    }

    /// The order is that of KL(teacher ‖ student).
    @Test func disagreementPrefersWhereTheModelsDiffer() throws {
        let (teacher, student) = (try Small.decoder(), try Small.decoder(seed: 2))
        try expectHighest(DisagreementSelection(teacher: teacher, student: student)) {
            let batch = Small.batch(of: [$0])
            let rows = zip(Small.logits(teacher, batch), Small.logits(student, batch))
            return rows.reduce(0) { sum, row in
                let (p, q) = (Reference.softmax(row.0), Reference.softmax(row.1))
                return sum + zip(p, q).reduce(0) { $0 + $1.0 * (log($1.0) - log($1.1)) }
            } / Double(batch.targets.count)
        }
    }

    /// The order is that of the student's uncertainty, by either measure.
    @Test func uncertaintyIsThatOfTheStudent() throws {
        let student = try Small.decoder(seed: 2)
        func mean(_ document: EncodedDocument, _ value: ([Double]) -> Double) -> Double {
            let batch = Small.batch(of: [document])
            return Small.logits(student, batch).reduce(0) { $0 + value(Reference.softmax($1)) }
                / Double(batch.targets.count)
        }
        try expectHighest(UncertaintySelection(student: student, by: .entropy)) {
            mean($0) { p in p.reduce(0) { $0 - $1 * log($1) } }
        }
        try expectHighest(UncertaintySelection(student: student, by: .margin)) {
            mean($0) { p in
                let sorted = p.sorted(by: >)
                return sorted[1] - sorted[0]
            }
        }
    }

    /// The method takes documents in the order of a score: the first of all, then those that still fit.
    private func expectHighest(
        _ method: some SelectionMethod, score: (EncodedDocument) -> Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let documents = Small.documents(20).filter { $0.targetCount > 0 }
        let scores = documents.map(score)
        var (expected, room): ([Int], Int) = ([], 40)
        for index in documents.indices.sorted(by: { scores[$0] > scores[$1] })
        where documents[index].ids.count <= room {
            expected.append(index)
            room -= documents[index].ids.count
        }
        #expect(
            try method.choose(from: EncodedCorpus(documents), budget: 40) == expected.sorted(),
            sourceLocation: sourceLocation)
    }
}
