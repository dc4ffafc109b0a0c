import Foundation
import TestSupport
import Testing

@Suite struct AttentionKernelTests {
    /// A block of scores: rows, columns, distance of rows, columns that the first row sees.
    struct Block: Sendable, CustomStringConvertible {
        let rows, columns, stride, visible: Int
        var description: String { "\(rows)×\(columns), stride \(stride), visible \(visible)" }
    }

    static let windows = [Int.max, 1, 5, 40]
    static let blocks = [
        Block(rows: 1, columns: 1, stride: 1, visible: 1), Block(rows: 7, columns: 7, stride: 7, visible: 1),
        Block(rows: 5, columns: 33, stride: 40, visible: 29),
        Block(rows: 31, columns: 100, stride: 100, visible: 70),
        // More visible than there are columns: every later row sees all.
        Block(rows: 4, columns: 9, stride: 9, visible: 8),
        Block(rows: 64, columns: 64, stride: 65, visible: 1),
    ]

    private static func seen(_ block: Block, _ row: Int) -> Int { min(block.visible + row, block.columns) }

    @Test(arguments: KernelTable.all, blocks)
    func causalSoftmaxAndProbabilitiesAgain(table: KernelTable, block: Block) {
        let seesAll = block.visible + block.rows - 1 > block.columns
        for window in seesAll ? [Int.max] : Self.windows { softmax(table, block, window: window) }
    }

    /// A block of the keys, of which queries see all, some or, with a window, none.
    @Test(arguments: KernelTable.all, [0..<7, 7..<15, 3..<20, 13..<20])
    func probabilitiesOfSomeKeys(table: KernelTable, keys: Range<Int>) {
        let (rows, columns, visible) = (6, 20, 15)
        let scores = Fixture.normal(rows * columns)
        for window in Self.windows + [10] {
            var logs = [Float](repeating: 0, count: rows)
            let whole = guarded(rows * columns, initial: scores) {
                table.functions.causal_softmax($0, rows, columns, columns, visible, window, 0.3, &logs, 1)
            }
            let some = guarded(rows * columns, initial: scores) {
                table.functions.causal_probabilities(
                    $0 + keys.lowerBound, rows, keys.count, columns, visible - keys.lowerBound, window, 0.3,
                    logs, 1)
            }
            for row in 0..<rows {
                let part = row * columns + keys.lowerBound..<row * columns + keys.upperBound
                expectClose(
                    Array(some[part]), whole[part].map(Double.init), relative: 2e-6, absolute: 1.2e-38,
                    "row \(row), window \(window)")
            }
        }
    }

    private func softmax(_ table: KernelTable, _ block: Block, window: Int) {
        let count = block.rows * block.stride
        // Scores of ±1e4 too: the argument of exp is then rounded by half an ulp of that, 5e-4.
        for (deviation, again): (Float, Double) in [(1, 2e-6), (30, 2e-5), (1e4, 2e-3)] {
            let scores = Fixture.normal(count, deviation: deviation)
            let scale: Float = 0.3
            let logStride = 3
            var logs = [Float](repeating: -7, count: block.rows * logStride)
            let p = guarded(count, initial: scores) {
                table.functions.causal_softmax(
                    $0, block.rows, block.columns, block.stride, block.visible, window, scale,
                    &logs, logStride)
            }
            let repeated = guarded(count, initial: scores) {
                table.functions.causal_probabilities(
                    $0, block.rows, block.columns, block.stride, block.visible, window, scale,
                    logs, logStride)
            }
            for row in 0..<block.rows {
                let start = row * block.stride
                let seen = Self.seen(block, row)
                // Float32 as the kernel takes it: 0.3 itself is not representable.
                let first = max(0, seen - window)
                let z = scores[start + first..<start + seen].map { Double($0) * Double(scale) }
                let expected =
                    Array(repeating: 0, count: first) + Reference.softmax(z)
                    + Array(repeating: 0, count: block.columns - seen)
                let columns = start..<start + block.columns
                expectClose(Array(p[columns]), expected, relative: 8e-6, absolute: 1.2e-38, "row \(row)")
                expectClose(
                    Array(repeated[columns]), expected, relative: again, absolute: 1.2e-38,
                    "row \(row), again")
                #expect(p[start..<start + first].allSatisfy { $0 == 0 })
                #expect(repeated[start..<start + first].allSatisfy { $0 == 0 })
                #expect(p[(start + seen)..<(start + block.columns)].allSatisfy { $0 == 0 })
                #expect(repeated[(start + seen)..<(start + block.columns)].allSatisfy { $0 == 0 })
                let gap = start + block.columns..<start + block.stride
                expectSameBits(Array(p[gap]), Array(scores[gap]), "between rows")
                expectClose(
                    [logs[row * logStride]], [Reference.logSumExp(z)], relative: 1e-6, absolute: 1e-6)
                #expect(logs[row * logStride + 1] == -7 && logs[row * logStride + 2] == -7)
            }
        }
    }

    @Test(arguments: KernelTable.all, blocks)
    func scoreGradient(table: KernelTable, block: Block) {
        let count = block.rows * block.stride
        let p = Fixture.normal(count).map(abs)
        let d = Fixture.normal(count, seed: 2)
        let delta = Fixture.normal(block.rows, seed: 3)
        let y = guarded(count, initial: d) {
            table.functions.score_gradient(
                p, $0, block.rows, block.columns, block.stride, delta, 0.25)
        }
        for row in 0..<block.rows {
            let columns = row * block.stride..<row * block.stride + block.columns
            let expected = columns.map {
                Double(p[$0]) * (Double(d[$0]) - Double(delta[row])) * 0.25
            }
            expectClose(Array(y[columns]), expected, relative: 1e-6, absolute: 1e-6)
            let gap = columns.upperBound..<(row + 1) * block.stride
            expectSameBits(Array(y[gap]), Array(d[gap]), "between rows")
        }
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func rowDots(table: KernelTable, width: Int) {
        let (rows, strideA, strideB) = (5, width + 3, width)
        let a = Fixture.normal(rows * strideA)
        let b = Fixture.normal(rows * strideB, seed: 2)
        let dots = guarded(rows) {
            table.functions.row_dots(a, b, $0, rows, width, strideA, strideB)
        }
        let expected = (0..<rows).map { row in
            (0..<width).reduce(0) { $0 + Double(a[row * strideA + $1]) * Double(b[row * strideB + $1]) }
        }
        // Up to a hundred products of size 1 that cancel.
        expectClose(dots, expected, relative: 1e-6, absolute: 3e-6)
    }

    @Test(arguments: KernelTable.all, [1, 2, 7, 31, 33, 100])
    func attendOne(table: KernelTable, count: Int) {
        for dimension in [1, 6, 8, 31, 64] {
            for (deviation, cap): (Float, Float) in [(1, 0), (30, 0), (1, 0.5), (30, 50)] {
                let stride = dimension + 5
                let query = Fixture.normal(dimension, deviation: deviation)
                let keys = Fixture.normal(count * stride, seed: 2)
                let values = Fixture.normal(count * stride, seed: 3)
                let scale = 1 / Float(dimension).squareRoot()
                var scratch = [Float](repeating: .nan, count: count)
                let y = guarded(dimension) {
                    table.functions.attend_one(
                        query, keys, values, $0, &scratch, count, dimension, stride, scale, cap)
                }
                func row(_ matrix: [Float], _ t: Int) -> [Double] {
                    matrix[t * stride..<t * stride + dimension].map(Double.init)
                }
                let scores = (0..<count).map { t in
                    let score =
                        zip(row(keys, t), query).reduce(0) { $0 + $1.0 * Double($1.1) } * Double(scale)
                    return cap > 0 ? Reference.softCap(score, at: Double(cap)) : score
                }
                let p = Reference.softmax(scores)
                let expected = (0..<dimension).map { i in
                    (0..<count).reduce(0) { $0 + p[$1] * row(values, $1)[i] }
                }
                // A score of size 30 to 100 is off by some 1e-5, and so is its exponential.
                let tolerance = deviation > 1 ? 5e-5 : 2e-6
                expectClose(y, expected, relative: tolerance, absolute: tolerance)
            }
        }
    }
}
