import Foundation
import TestSupport
import Tensors
import Testing

/// Which rows experts receive, and the sum of what they make of them.
@Suite struct ExpertRoutingTests {
    private let logits: [Float] = [0, 1, 1, -1, 2, 0, 0, 0]

    private func weights(_ row: [Float], of chosen: [Int], normalized: Bool) -> [Double] {
        let powers = row.map { exp(Double($0)) }
        let total = normalized ? chosen.reduce(0) { $0 + powers[$1] } : powers.reduce(0, +)
        return chosen.map { powers[$0] / total }
    }

    /// Probabilities are of all experts; with `normalizes` those of the chosen sum to 1. Of equal ones the first are chosen.
    @Test(arguments: [true, false])
    func rowsGoToTheLikeliestExperts(normalizes: Bool) {
        let routes = expertRoutes(
            Tensor(shape: [2, 4], values: logits), perToken: 2, normalizes: normalizes)
        #expect(routes.map(\.rows) == [[1], [0, 1], [0], []])
        let first = weights(Array(logits[..<4]), of: [1, 2], normalized: normalizes)
        let second = weights(Array(logits[4...]), of: [0, 1], normalized: normalizes)
        expectClose(routes[1].weights, [first[0], second[1]])
        expectClose(routes[2].weights, [first[1]])
        expectClose(routes[0].weights, [second[0]])
    }

    @Test func weightedRowsAreAddedWhereTheyBelong() {
        let sum = Tensor(shape: [3, 2], values: [1, 1, 2, 2, 3, 3])
        addRows(Tensor(shape: [2, 2], values: [1, 2, 3, 4]), times: [2, 0.5], to: sum, at: [0, 2])
        #expect(sum.values == [3, 5, 2, 2, 4.5, 5])
    }

    @Test func aMatrixIsTransposed() {
        let matrix = Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
        #expect(matrix.transposed().shape == [3, 2] && matrix.transposed().values == [1, 4, 2, 5, 3, 6])
    }
}
