import Foundation
import TestSupport
import Tensors
import Testing

@testable import Signals
@testable import Training

/// Several teachers against the distribution they stand for, in Double.
@Suite struct TeacherMixtureTests {
    private static let mixtures = TeacherMixture.Space.allCases.flatMap { space in
        TeacherMixture.Weighting.allCases.map {
            TeacherMixture(weights: [1, 2, 0.5], space: space, weighting: $0)
        }
    }

    private let target = 3
    private let student = Fixture.normal(33, seed: 1)
    private let teachers = (2...4).map { Fixture.normal(33, deviation: Float($0) / 2, seed: UInt64($0)) }

    private func shares(_ mixture: TeacherMixture) -> [Double] {
        let raw = zip(mixture.weights, teachers).map { weight, z -> Double in
            let p = Reference.softmax(z.map(Double.init))
            switch mixture.weighting {
            case .fixed: return Double(weight)
            case .confidence: return Double(weight) * exp(p.reduce(0) { $0 + $1 * log($1) })
            case .accuracy: return Double(weight) * p[target]
            }
        }
        return raw.map { $0 / raw.reduce(0, +) }
    }

    private func mixed(_ mixture: TeacherMixture, temperature: Double) -> [Double] {
        let shares = shares(mixture)
        func sum(_ rows: [[Double]]) -> [Double] {
            rows[0].indices.map { i in zip(shares, rows).reduce(0) { $0 + $1.0 * $1.1[i] } }
        }
        let exact = teachers.map { $0.map(Double.init) }
        return mixture.space == .logits
            ? Reference.softmax(sum(exact), temperature: temperature)
            : sum(exact.map { Reference.softmax($0, temperature: temperature) })
    }

    /// Terms of both temperatures, so that mixtures are made anew between them, and of logits.
    @Test(arguments: mixtures)
    func isTheDistributionItStandsFor(mixture: TeacherMixture) {
        let losses: [Loss] = [
            .forwardKL(temperature: 1), .reverseKL(temperature: 2), .logitMSE, .forwardKL(temperature: 1),
        ]
        let rowLoss = RowLoss(terms: losses.map { WeightedLoss($0) }, vocabulary: 33, mixture: mixture)
        let report = Tensor(shape: [2, losses.count])
        let (z, rows) = (
            Tensor(shape: [33], values: student), teachers.map { Tensor(shape: [33], values: $0) }
        )
        // A pointer does not keep its tensor alive.
        withExtendedLifetime((z, rows)) {
            rowLoss.evaluate(
                logits: z.pointer, target: Int32(target), teacher: .dense(logits: rows.map(\.pointer)),
                scale: 1,
                report: RowLoss.Report(losses: report.pointer(row: 0), squaredNorms: report.pointer(row: 1)))
        }
        let exact = student.map(Double.init)
        let p1 = mixed(mixture, temperature: 1)
        let logits =
            mixture.space == .logits
            ? exact.indices.map { i in
                zip(shares(mixture), teachers).reduce(0) { $0 + $1.0 * Double($1.1[i]) }
            } : p1.map { log($0) }
        expectClose(
            Array(report.values.prefix(4)),
            [
                Reference.forwardKL(p1, Reference.softmax(exact)),
                Reference.reverseKL(
                    mixed(mixture, temperature: 2), Reference.softmax(exact, temperature: 2)),
                zip(exact, logits).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 33,
                Reference.forwardKL(p1, Reference.softmax(exact)),
            ], relative: 1e-5, absolute: 2e-6)
    }

    /// Equal teachers are one teacher, whatever they weigh.
    @Test(arguments: mixtures)
    func equalTeachersAreOne(mixture: TeacherMixture) {
        func gradient(_ mixture: TeacherMixture, _ count: Int) -> [Float] {
            let rowLoss = RowLoss(
                terms: [WeightedLoss(.reverseKL(temperature: 2))], vocabulary: 33, mixture: mixture)
            let (z, report) = (Tensor(shape: [33], values: student), Tensor(shape: [2, 1]))
            let rows = (0..<count).map { _ in Tensor(shape: [33], values: teachers[0]) }
            withExtendedLifetime((rows, report)) {
                rowLoss.evaluate(
                    logits: z.pointer, target: 3, teacher: .dense(logits: rows.map(\.pointer)), scale: 1,
                    report: RowLoss.Report(
                        losses: report.pointer(row: 0), squaredNorms: report.pointer(row: 1)))
            }
            return z.values
        }
        expectLogitGradient(gradient(mixture, 3), gradient(.one, 1).map(Double.init), "\(mixture)")
    }
}
