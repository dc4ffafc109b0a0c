import Foundation
import Tensors
import TestSupport
import Testing
import Transformer

@testable import Evaluation

@Suite struct AgreementTests {
    private let windows: [Window] = (0..<5).map { index in
        let ids = Fixture.ids(40 + index, vocabulary: 97, seed: UInt64(index))
        return Window(ids: ids, lossMask: ids.indices.map { $0 > 0 && $0 % 3 != 0 })
    }

    @Test func aModelAgreesWithItself() throws {
        let model = try Fixture.decoder()
        let agreement = Agreement.measure(student: model, teacher: model, windows: windows)
        #expect(agreement.tokens == windows.reduce(0) { $0 + $1.lossMask.count { $0 } })
        #expect(abs(agreement.meanKL) < 1e-6)
        #expect(agreement.topAgreement == 1)
        #expect(agreement.probabilityDifference == 0)
        #expect(agreement.percentiles.values.allSatisfy { abs($0) < 1e-5 })
    }

    @Test func twoModelsDifferAsTheirWholeDistributionsDo() throws {
        let teacher = try Fixture.decoder(seed: 1)
        let student = try Fixture.decoder(heads: 4, keyValueHeads: 4, layers: 1, tiedHead: false, seed: 2)
        let agreement = Agreement.measure(student: student, teacher: teacher, windows: windows)

        var (divergences, same, squares): ([Double], Int, Double) = ([], 0, 0)
        var predictions: [(confidence: Double, isRight: Bool)] = []
        for window in windows {
            let logits = [teacher, student].map { model in
                withoutGradients { model.logits(model.hiddenStates(TokenBatch(sequences: [window.ids]))) }
            }
            for position in window.ids.indices.dropFirst() where window.lossMask[position] {
                let z = logits.map {
                    UnsafeBufferPointer(start: $0.pointer(row: position - 1), count: 97).map(Double.init)
                }
                let (p, q) = (Reference.softmax(z[0]), Reference.softmax(z[1]))
                divergences.append(Reference.kl(p, q))
                let target = Int(window.ids[position])
                squares += (p[target] - q[target]) * (p[target] - q[target])
                predictions.append((q.max()!, q.firstIndex(of: q.max()!) == target))
                if p.firstIndex(of: p.max()!) == q.firstIndex(of: q.max()!) { same += 1 }
            }
        }
        expectClose([Float(agreement.calibrationError)], [plainCalibrationError(predictions)], relative: 1e-4)
        let (count, sorted) = (Double(divergences.count), divergences.sorted())
        let mean = divergences.reduce(0, +) / count
        #expect(agreement.tokens == divergences.count)
        #expect(agreement.meanKL > 0.1)
        #expect(abs(agreement.meanKL - mean) < 1e-4 * mean)
        #expect(agreement.topAgreement == Double(same) / count)
        #expect(agreement.topAgreement < 1)
        let difference = (squares / count).squareRoot()
        #expect(abs(agreement.probabilityDifference - difference) < 1e-4 * difference)
        let variance = divergences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let error = (variance / count).squareRoot()
        #expect(abs(agreement.standardError - error) < 1e-3 * error)
        #expect(abs(agreement.percentiles["max"]! - sorted.last!) < 1e-4 * sorted.last!)
        let (below, above) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
        #expect(abs(agreement.percentiles["p50"]! - (below + above) / 2) < 1e-4 * above)
        let ordered = ["p50", "p90", "p95", "p99", "max"].map { agreement.percentiles[$0]! }
        #expect(ordered == ordered.sorted())
    }

    @Test func theDivergenceIsNotSymmetric() throws {
        let (one, two) = (try Fixture.decoder(seed: 1), try Fixture.decoder(seed: 2))
        let forward = Agreement.measure(student: one, teacher: two, windows: windows)
        let backward = Agreement.measure(student: two, teacher: one, windows: windows)
        #expect(abs(forward.meanKL - backward.meanKL) > 1e-3)
    }
}
