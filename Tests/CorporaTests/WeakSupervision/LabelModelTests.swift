import Foundation
import Support
import TestSupport
import Testing

@testable import Corpora

@Suite struct LabelModelTests {
    /// A case of `Tests/Golden/weak_supervision`: votes are -1 for an abstention.
    struct Planted: Decodable, CustomTestStringConvertible {
        struct Fit: Decodable {
            let accuracies, balance: [Double]
            let probabilities: [[Double]]
        }

        let name: String
        let balance: [Double]
        let rows: [[Int]]
        let counts: [Int]
        let accuracies: [Double]
        let given, estimated: Fit
        let snorkel: [Double]

        var testDescription: String { name }

        var matrix: LabelMatrix {
            var matrix = LabelMatrix(functions: rows[0].count)
            for (row, count) in zip(rows, counts) {
                for _ in 0..<count { matrix.append(row.map { $0 < 0 ? nil : $0 }) }
            }
            return matrix
        }
    }

    static let cases: [Planted] = {
        let data = try! Data(contentsOf: golden("weak_supervision/label_model.json"))
        return try! JSONDecoder().decode([Planted].self, from: data)
    }()

    private func expectEqual(
        _ values: [Double], _ expected: [Double], within tolerance: Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(values.count == expected.count, sourceLocation: sourceLocation)
        let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance, sourceLocation: sourceLocation)
    }

    @Test func theGoldenIsUntouched() throws {
        struct Manifest: Decodable { let sha256: [String: Fingerprint] }
        let data = try Data(contentsOf: golden("weak_supervision/MANIFEST.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        #expect(
            try Fingerprint(fileAt: golden("weak_supervision/label_model.json"))
                == manifest.sha256["label_model.json"])
        #expect(Self.cases.count == 5)
    }

    /// The same iteration over whole arrays in NumPy. Both end it by the same rule, and sums in another order differ by 1e-12.
    @Test(arguments: cases) func accuraciesAndProbabilitiesAreThoseOfTheReference(planted: Planted) throws {
        let matrix = planted.matrix
        for (fit, balance) in [(planted.given, planted.balance), (planted.estimated, nil)] {
            let model = LabelModel(fitting: matrix, labels: planted.balance.count, classBalance: balance)
            #expect(model.isConverged)
            expectEqual(model.accuracies.map { $0! }, fit.accuracies, within: 1e-7)
            expectEqual(model.classBalance, fit.balance, within: 1e-7)
            let own = planted.rows.indices.flatMap { Array(model.probabilities(ofRow: $0)) }
            expectEqual(own, fit.probabilities.flatMap { $0 }, within: 1e-7)
        }
    }

    /// Sampling errors of 400 votes, the fewest, are 0.02, and about 0.01 in the mean.
    @Test(arguments: cases) func accuraciesAreNearThePlantedOnesAndNoFartherThanSnorkels(planted: Planted) {
        func error(_ learned: [Double]) -> Double {
            zip(learned, planted.accuracies).map { abs($0 - $1) }.reduce(0, +) / Double(learned.count)
        }
        let model = LabelModel(
            fitting: planted.matrix, labels: planted.balance.count, classBalance: planted.balance)
        let own = error(model.accuracies.map { $0! })
        #expect(own < 0.02)
        #expect(own < error(planted.snorkel) + 0.01)
    }

    @Test func theOrderOfRecordsDoesNotMatter() {
        let planted = Self.cases[0]
        var reversed = LabelMatrix(functions: planted.rows[0].count)
        for (row, count) in zip(planted.rows, planted.counts).reversed() {
            for _ in 0..<count { reversed.append(row.map { $0 < 0 ? nil : $0 }) }
        }
        let model = LabelModel(fitting: planted.matrix, labels: 2)
        let other = LabelModel(fitting: reversed, labels: 2)
        expectEqual(model.accuracies.map { $0! }, other.accuracies.map { $0! }, within: 1e-9)
    }

    @Test func silentFunctionsHaveNoAccuracyAndChangeNothing() {
        let planted = Self.cases[0]
        var wider = LabelMatrix(functions: planted.rows[0].count + 1)
        for (row, count) in zip(planted.rows, planted.counts) {
            for _ in 0..<count { wider.append(row.map { $0 < 0 ? nil : $0 } + [nil]) }
        }
        let model = LabelModel(fitting: planted.matrix, labels: 2)
        let other = LabelModel(fitting: wider, labels: 2)
        #expect(other.accuracies == model.accuracies + [nil])
    }

    /// Labels are names: with the two exchanged everywhere, accuracies stay.
    @Test func exchangedLabelsExchangeTheBalance() {
        let planted = Self.cases[1]
        var exchanged = LabelMatrix(functions: planted.rows[0].count)
        for (row, count) in zip(planted.rows, planted.counts) {
            for _ in 0..<count { exchanged.append(row.map { $0 < 0 ? nil : 1 - $0 }) }
        }
        let model = LabelModel(fitting: planted.matrix, labels: 2)
        let other = LabelModel(fitting: exchanged, labels: 2)
        expectEqual(model.classBalance, other.classBalance.reversed(), within: 1e-9)
        expectEqual(model.accuracies.map { $0! }, other.accuracies.map { $0! }, within: 1e-9)
    }

    @Test func aSingleVoteIsBelievedAsTheFunctionIsAccurate() throws {
        // Nothing overlaps: all accuracies stay at their prior.
        var matrix = LabelMatrix(functions: 3)
        for function in 0..<3 {
            for label in 0..<2 {
                for _ in 0..<50 { matrix.append((0..<3).map { $0 == function ? label : nil }) }
            }
        }
        let model = LabelModel(fitting: matrix, labels: 2, classBalance: [0.5, 0.5])
        for accuracy in model.accuracies { #expect(abs(accuracy! - LabelModel.priorAccuracy) < 1e-6) }
        #expect(abs(model.probabilities(of: 0, in: matrix)[0] - LabelModel.priorAccuracy) < 1e-6)
    }
}
