import Foundation
import TestSupport
import Tensors
import Testing
import Transformer

@testable import DatasetDistillation
@testable import Training

@Suite struct MatchedStatisticTests {
    // 5 positions, width 4, 7 pieces.
    private static let (m, c, v) = (5, 4, 7)
    private static let weight = Fixture.normal(v * c, seed: 3)
    private static let wanted = Fixture.normal(v * c, seed: 4)
    private static let targets: [Int32] = [0, 6, 2, 2, 5]

    /// S in Double, from hidden states and the distributions that follow.
    private static func statistic(
        _ kind: MatchedStatistic, _ h: [Double], _ y: [[Double]], cap: Double?
    ) -> [Double] {
        var sum = [Double](repeating: 0, count: v * c)
        for row in 0..<m {
            let state = Array(h[row * c..<(row + 1) * c])
            var z = [Double](repeating: 0, count: v)
            for piece in 0..<v {
                for i in 0..<c { z[piece] += Double(weight[piece * c + i]) * state[i] }
                if let cap { z[piece] = cap * tanh(z[piece] / cap) }
            }
            let q = Reference.softmax(z)
            for piece in 0..<v {
                let a = kind == .gradient ? q[piece] - y[row][piece] : y[row][piece]
                for i in 0..<c { sum[piece * c + i] += a * state[i] / Double(m) }
            }
        }
        return sum
    }

    @Test(arguments: MatchedStatistic.allCases, [nil, 3] as [Float?])
    func distanceAndItsGradients(kind: MatchedStatistic, cap: Float?) {
        let head = OutputHead(weight: Tensor(shape: [Self.v, Self.c], values: Self.weight), softCap: cap)
        let wanted = Tensor(shape: [Self.v, Self.c], values: Self.wanted)
        expectGradient(
            shapes: [[Self.m, Self.c], [Self.m, Self.v]], scales: [0.3, 1, 2],
            // Squares of sums that partly cancel.
            tolerance: GradientTolerance(relative: 2e-5, absolute: 1e-6, cosine: 1e-9),
            operation: { kind.distance(hidden: $0[0], head: head, labels: $0[1], to: wanted) },
            reference: { inputs in
                let y = (0..<Self.m).map { row in
                    Reference.softmax(Array(inputs[1][row * Self.v..<(row + 1) * Self.v]))
                }
                let s = Self.statistic(kind, inputs[0], y, cap: cap.map(Double.init))
                let norm = Self.wanted.reduce(0) { $0 + Double($1) * Double($1) }
                return [
                    zip(s, Self.wanted).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }
                        / norm
                ]
            })
    }

    /// Of a text the distributions that follow are its tokens.
    @Test(arguments: MatchedStatistic.allCases)
    func sumsOfText(kind: MatchedStatistic) {
        let head = OutputHead(weight: Tensor(shape: [Self.v, Self.c], values: Self.weight))
        let hidden = Fixture.normal(Self.m * Self.c, seed: 5)
        let sum = Tensor.zeros([Self.v, Self.c])
        for _ in 0..<2 {
            kind.add(
                hidden: Tensor(shape: [Self.m, Self.c], values: hidden), head: head, targets: Self.targets,
                to: sum)
        }
        let y = Self.targets.map { target in (0..<Self.v).map { $0 == Int(target) ? 1.0 : 0 } }
        let expected = Self.statistic(kind, hidden.map(Double.init), y, cap: nil).map {
            2 * Double(Self.m) * $0
        }
        expectClose(sum.values, expected, relative: 1e-5, absolute: 1e-5)
    }

    /// It is the gradient of the head that training on the text computes.
    @Test func gradientIsThatOfTheHead() {
        let weight = Tensor(shape: [Self.v, Self.c], values: Self.weight).requiringGradient()
        let hidden = Tensor(shape: [Self.m, Self.c], values: Fixture.normal(Self.m * Self.c, seed: 5))
        let (objective, tape) = Tape.record {
            HeadLoss([WeightedLoss(.crossEntropy)])(
                hidden: hidden, head: OutputHead(weight: weight), targets: Self.targets, teacher: nil,
                scale: 1
            ).objective
        }
        tape.backward(from: objective)
        let sum = Tensor.zeros([Self.v, Self.c])
        MatchedStatistic.gradient.add(
            hidden: hidden, head: OutputHead(weight: weight), targets: Self.targets, to: sum)
        expectClose(sum.values, weight.gradient!.values.map(Double.init), relative: 1e-5, absolute: 1e-6)
    }
}
