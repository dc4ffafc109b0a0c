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

    @Test func rmsNormWithResidual() {
        expectGradient(
            shapes: [[70, 6], [6], [70, 6]],
            operation: { rmsNorm($0[0], weight: $0[1], epsilon: 1e-5, adding: $0[2]) },
            reference: { x in
                zip(Reference.rmsNorm(x[0], weight: x[1], epsilon: Double(Float(1e-5))), x[2]).map { $0 + $1 }
            })
    }

    /// Queries and keys have weights of their own; values pass through. 70 rows make two pieces.
    @Test(arguments: [(1, 1, 1, 4), (70, 2, 1, 8), (3, 3, 1, 6)])
    func headNormOperation(rows: Int, heads: Int, keyValueHeads: Int, dimension: Int) {
        let shape = AttentionShape(heads: heads, keyValueHeads: keyValueHeads, dimension: dimension)
        expectGradient(
            shapes: [[rows, shape.fusedWidth], [dimension], [dimension]],
            operation: {
                headNorm($0[0], queryWeight: $0[1], keyWeight: $0[2], epsilon: 1e-5, shape: shape)
            },
            reference: { x in
                (0..<rows).flatMap { n in
                    let row = Array(x[0][n * shape.fusedWidth..<(n + 1) * shape.fusedWidth])
                    let keys = shape.queryWidth..<shape.queryWidth + shape.keyValueWidth
                    let epsilon = Double(Float(1e-5))
                    return Reference.rmsNorm(
                        Array(row[..<keys.lowerBound]), weight: x[1], epsilon: epsilon)
                        + Reference.rmsNorm(Array(row[keys]), weight: x[2], epsilon: epsilon)
                        + row[keys.upperBound...]
                }
            })
    }

    /// All query heads are normed together, and all key heads.
    @Test(arguments: [(1, 1, 1, 4), (70, 4, 2, 6)])
    func queryKeyNormOfAllHeads(rows: Int, heads: Int, keyValueHeads: Int, dimension: Int) {
        let shape = AttentionShape(heads: heads, keyValueHeads: keyValueHeads, dimension: dimension)
        let (queries, keys) = (heads * dimension, keyValueHeads * dimension)
        expectGradient(
            shapes: [[rows, shape.fusedWidth], [queries], [keys]],
            operation: {
                headNorm($0[0], queryWeight: $0[1], keyWeight: $0[2], epsilon: 1e-5, shape: shape)
            },
            reference: { x in
                (0..<rows).flatMap { n in
                    let row = Array(x[0][n * shape.fusedWidth..<(n + 1) * shape.fusedWidth])
                    let epsilon = Double(Float(1e-5))
                    return Reference.rmsNorm(Array(row[..<queries]), weight: x[1], epsilon: epsilon)
                        + Reference.rmsNorm(
                            Array(row[queries..<queries + keys]), weight: x[2], epsilon: epsilon)
                        + row[(queries + keys)...]
                }
            })
    }

    /// 130 rows make three pieces, whose weight gradients are added up.
    @Test(arguments: [(3, 31), (130, 3)])
    func layerNormOperation(rows: Int, width: Int) {
        expectGradient(
            shapes: [[rows, width], [width], [width]], scales: [0.1, 1, 4, 100],
            operation: { layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-5) },
            reference: {
                Reference.layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: Double(Float(1e-5)))
            })
    }

    @Test(arguments: [Activation.gelu, .geluTanh])
    func activationOperation(activation: Activation) {
        expectGradient(
            shapes: [[3, 31]], operation: { activated($0[0], activation) },
            reference: { $0[0].map { Reference.activated($0, activation) } })
    }

    @Test(arguments: [1, 0.22] as [Float])
    func scaledSumOperation(factor: Float) {
        expectGradient(
            shapes: [[7, 9], [7, 9]],
            operation: { scaledSum($0[0], by: factor, adding: $0[1]) },
            reference: { zip($0[0], $0[1]).map { Double(factor) * $0 + $1 } })
    }

    @Test func scaledEmbedding() {
        expectGradient(
            shapes: [[6, 5]], operation: { embedding([4, 0, 4, 2], table: $0[0], scale: 2.5) },
            reference: {
                Reference.gatherRows($0[0], at: [4, 0, 4, 2], width: 5).map { $0 * 2.5 }
            })
    }

    @Test func softCapOperation() {
        expectGradient(
            shapes: [[7, 9]], operation: { softCap($0[0], at: 2.5) },
            reference: { $0[0].map { Reference.softCap($0, at: 2.5) } })
    }

    @Test(arguments: [(1, 1), (3, 31), (40, 4)], [Gate.silu, .geluTanh])
    func gatedUnitOperation(extents: (rows: Int, width: Int), gate: Gate) {
        expectGradient(
            shapes: [[extents.rows, 2 * extents.width]], operation: { gatedUnit($0[0], gate) },
            reference: { Reference.gatedUnit($0[0], gate, width: extents.width) })
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

    /// Faults found, line 10: of each head only the first components turn.
    @Test(arguments: [(2, 4), (4, 10), (6, 6)])
    func partialRotaryOperation(dimension: Int, head: Int) {
        let positions: [Int32] = [0, 1, 2, 0, 1, 30]
        let table = RotaryTable(positions: 31, dimension: dimension, theta: 100)
        expectGradient(
            shapes: [[6, 3 * head]],
            operation: {
                rotaryEmbedding($0[0], positions: positions, heads: 2, headDimension: head, table: table)
            },
            reference: {
                Reference.rotary(
                    $0[0], positions: positions, width: 3 * head, heads: 2, dimension: dimension, theta: 100,
                    headDimension: head)
            })
    }

    /// Faults found, line 20: 130 rows make three pieces, whose gradients are added up.
    @Test(arguments: [(1, 8), (3, 31), (130, 3)])
    func rowBiasOperation(rows: Int, width: Int) {
        expectGradient(
            shapes: [[rows, width], [width]], operation: { rowBias($0[0], $0[1]) },
            reference: { inputs in inputs[0].indices.map { inputs[0][$0] + inputs[1][$0 % width] } })
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

    /// A table grows as positions are used; what was computed before keeps its bits.
    @Test func rotaryTableGrows() {
        let x = Fixture.normal(8)
        func turned(_ table: RotaryTable, _ position: Int32) -> [Float] {
            withoutGradients {
                rotaryEmbedding(
                    Tensor(shape: [1, 8], values: x), positions: [position], heads: 1, table: table
                ).values
            }
        }
        let grown = RotaryTable(positions: 1 << 20, dimension: 8, theta: 10_000)
        for position: Int32 in [0, 127, 128, 300, 1000, 5] {
            let fresh = RotaryTable(positions: 1001, dimension: 8, theta: 10_000)
            expectSameBits(turned(grown, position), turned(fresh, position), "position \(position)")
        }
        let wide = RotaryTable(
            positions: 8, frequencies: RotaryTable.frequencies(dimension: 8, theta: 10_000), amplitude: 2)
        expectClose(turned(wide, 3), turned(grown, 3).map { 2 * Double($0) }, relative: 1e-6, absolute: 1e-7)
    }
}
