import TestSupport
import Tensors
import Testing

@Suite struct RidgeRegressionTests {
    private let x = Tensor(shape: [40, 6], values: Fixture.normal(240, seed: 1))

    private func fitted(_ x: Tensor, _ y: Tensor, penalty: Double) -> Tensor? {
        var regression = RidgeRegression(inputs: x.width, outputs: y.width)
        // In parts: the order of the rows is no matter.
        let half = x.rows / 2
        for rows in [Array(0..<half), Array(half..<x.rows)] {
            regression.add(x.selecting(rows: rows), y.selecting(rows: rows))
        }
        return regression.solution(penalty: penalty)
    }

    /// Products are formed in Float32: relative 1e-6, times the condition of 40 normal rows, below 10.
    @Test func aLinearMapIsFound() throws {
        let weight = Tensor(shape: [3, 6], values: Fixture.normal(18, seed: 2))
        let found = try #require(fitted(x, linear(x, weight: weight), penalty: 1e-9))
        expectClose(found.values, weight.values.map(Double.init), absolute: 1e-5)
    }

    /// At the minimum the gradient is 0: Σ (y − W·x)·xᵀ = λ·W, with λ a fraction of the inputs' mean square.
    @Test(arguments: [0.01, 1.0]) func thePenaltyIsAFractionOfTheMeanSquare(penalty: Double) throws {
        let y = Tensor(shape: [40, 3], values: Fixture.normal(120, seed: 3))
        let w = try #require(fitted(x, y, penalty: penalty)).values.map(Double.init)
        let (inputs, outputs) = (x.values.map(Double.init), y.values.map(Double.init))
        let lambda = penalty * inputs.reduce(0) { $0 + $1 * $1 } / 6
        for output in 0..<3 {
            for input in 0..<6 {
                var gradient = -lambda * w[output * 6 + input]
                for row in 0..<40 {
                    let predicted = (0..<6).reduce(0) { $0 + w[output * 6 + $1] * inputs[row * 6 + $1] }
                    gradient += (outputs[row * 3 + output] - predicted) * inputs[row * 6 + input]
                }
                // Sums of 40 terms of size 1 in Float32.
                #expect(abs(gradient) < 1e-4)
            }
        }
    }

    @Test func theErrorIsThatOfTheRows() throws {
        let y = Tensor(shape: [40, 3], values: Fixture.normal(120, seed: 5))
        let weight = Tensor(shape: [3, 6], values: Fixture.normal(18, seed: 6))
        var regression = RidgeRegression(inputs: 6, outputs: 3)
        regression.add(x, y)
        let predicted = linear(x, weight: weight).values
        let expected = zip(y.values, predicted).reduce(0.0) {
            $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) - Double($1.0 * $1.0)
        }
        // A sum of 120 terms of size up to 10 in Float32.
        #expect(abs(regression.error(of: weight) - expected) < 1e-3)
    }

    @Test func inputsOfZeroHaveNoWeight() throws {
        let y = Tensor(shape: [40, 2], values: Fixture.normal(80, seed: 4))
        let found = try #require(fitted(Tensor.zeros([40, 6]), y, penalty: 0.01))
        #expect(found.values.allSatisfy { $0 == 0 })
    }

    @Test(arguments: [Float.infinity, .nan]) func nonFiniteRowsHaveNoSolution(value: Float) {
        let y = Tensor(shape: [40, 2], values: Fixture.normal(79, seed: 4) + [value])
        #expect(fitted(x, y, penalty: 0.01) == nil)
        let rows = Tensor(shape: [40, 6], values: Fixture.normal(239, seed: 4) + [value])
        #expect(fitted(rows, x, penalty: 0.01) == nil)
    }
}
