import TestSupport
import Tensors
import Testing

/// Every operation but attention, forward and backward, against its Double reference.
@Suite struct OperationGradientTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 33, 9)])
    func linearOperation(rows: Int, inputs: Int, outputs: Int) {
        expectGradient(
            shapes: [[rows, inputs], [outputs, inputs]], operation: { linear($0[0], weight: $0[1]) },
            reference: { Reference.linear($0[0], weight: $0[1], inputs: inputs) })
    }

    @Test func linearWithResidual() {
        expectGradient(
            shapes: [[5, 7], [3, 7], [5, 3]],
            operation: { linear($0[0], weight: $0[1], adding: $0[2]) },
            reference: { Reference.linear($0[0], weight: $0[1], inputs: 7, adding: $0[2]) })
    }

    /// Ids that repeat must add up; rows nobody used get 0.
    @Test func embeddingOperation() {
        let ids: [Int32] = [4, 0, 4, 2, 4, 0]
        for width in [1, 7, 65, 130] {
            expectGradient(
                shapes: [[6, width]], operation: { embedding(ids, table: $0[0]) },
                reference: { Reference.gatherRows($0[0], at: ids.map(Int.init), width: width) })
        }
    }

    @Test func gatherRowsOperation() {
        for indices in [[3], [5, 0, 2], [0, 1, 2, 3, 4, 5]] {
            expectGradient(
                shapes: [[6, 9]], operation: { gatherRows($0[0], at: indices) },
                reference: { Reference.gatherRows($0[0], at: indices, width: 9) })
        }
    }

    /// 130 rows make three pieces, whose weight gradients are added up.
    @Test(arguments: [(1, 8), (3, 31), (130, 3)])
    func rmsNormOperation(rows: Int, width: Int) {
        expectGradient(
            shapes: [[rows, width], [width]], scales: [0.1, 1, 4, 100],
            operation: { rmsNorm($0[0], weight: $0[1], epsilon: 1e-5) },
            reference: { Reference.rmsNorm($0[0], weight: $0[1], epsilon: Double(Float(1e-5))) })
    }

    @Test(arguments: [(1, 1), (3, 31), (40, 4)])
    func swiGLUOperation(rows: Int, width: Int) {
        expectGradient(
            shapes: [[rows, 2 * width]], operation: { swiGLU($0[0]) },
            reference: { Reference.swiGLU($0[0], width: width) })
    }

    /// Two of three heads turn; positions start anew with each sequence and may be far from 0.
    @Test(arguments: [2, 6, 16])
    func rotaryOperation(dimension: Int) {
        let positions: [Int32] = [0, 1, 2, 0, 1, 300]
        let table = RotaryTable(positions: 301, dimension: dimension, theta: 10_000)
        expectGradient(
            shapes: [[6, 3 * dimension]],
            // The frequency is a Float32, so an angle of up to 300 is off by 300 · 6e-8.
            tolerance: GradientTolerance(relative: 1e-5, absolute: 2e-5, cosine: 1e-9),
            operation: { rotaryEmbedding($0[0], positions: positions, heads: 2, table: table) },
            reference: {
                Reference.rotary(
                    $0[0], positions: positions, width: 3 * dimension, heads: 2, dimension: dimension)
            })
    }

    @Test func rotaryTableOfOtherBase() {
        let table = RotaryTable(positions: 50, dimension: 8, theta: 500_000)
        let x = Fixture.normal(16)
        let y = withoutGradients {
            rotaryEmbedding(
                Tensor(shape: [2, 8], values: x), positions: [7, 49], heads: 1, table: table)
        }
        expectClose(
            y.values,
            Reference.rotary(
                x.map(Double.init), positions: [7, 49], width: 8, heads: 1, dimension: 8, theta: 500_000),
            relative: 0, absolute: 1e-5)
    }
}
