import Foundation
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Training

/// Every feature loss and its gradients against its definition in Double.
@Suite struct FeatureKindTests {
    /// Sequences of 5, 1 and 7 tokens; the student has 2 query heads and 1 key-value head of 4 components, the teacher 3 of
    /// both with 8.
    private static let segments = [0, 5, 6, 13]
    private static let rows = [1, 2, 3, 5, 7, 9, 11]
    private static let own = AttentionShape(heads: 2, keyValueHeads: 1, dimension: 4)
    private static let others = AttentionShape(heads: 3, keyValueHeads: 3, dimension: 8)
    private static let (width, teacherWidth, tokens) = (6, 9, 13)

    private let teacherHidden = Fixture.normal(tokens * teacherWidth, seed: 11)
    private let teacherQKV = Fixture.normal(tokens * others.fusedWidth, deviation: 0.7, seed: 12)

    private func pair(hidden: Tensor?, qkv: Tensor?, projector: Tensor?, heads: Float = 2) -> FeaturePair {
        FeaturePair(
            student: FeatureView(
                hidden: hidden ?? Tensor.zeros([Self.tokens, Self.width]),
                attention: (qkv ?? Tensor.zeros([Self.tokens, Self.own.fusedWidth]), Self.own),
                segments: Self.segments, rows: Self.rows),
            teacher: FeatureView(
                hidden: Tensor(shape: [Self.tokens, Self.teacherWidth], values: teacherHidden),
                attention: (
                    Tensor(shape: [Self.tokens, Self.others.fusedWidth], values: teacherQKV), Self.others
                ), segments: Self.segments, rows: Self.rows),
            parameters: ["relation_heads": heads], projector: projector)
    }

    /// Sums of some hundred products, divided by lengths: a few units more than one product's rounding.
    private let tolerance = GradientTolerance(relative: 5e-5, absolute: 2e-5, cosine: 1e-9)

    private func rowsOf(_ x: [Double], width: Int) -> [[Double]] {
        stride(from: 0, to: x.count, by: width).map { Array(x[$0..<$0 + width]) }
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    // MARK: - Hidden states

    @Test(arguments: [FeatureKind.hiddenMSE, .hiddenCosine])
    func hiddenStates(kind: FeatureKind) {
        let teacher = rowsOf(teacherHidden.map(Double.init), width: Self.teacherWidth)
        expectGradient(
            shapes: [[Self.tokens, Self.width], [Self.teacherWidth, Self.width]], tolerance: tolerance,
            operation: { kind.evaluate(pair(hidden: $0[0], qkv: nil, projector: $0[1])).scalar() },
            reference: { inputs in
                let student = rowsOf(inputs[0], width: Self.width)
                let projector = rowsOf(inputs[1], width: Self.width)
                let losses = Self.rows.map { row -> Double in
                    let x = projector.map { dot($0, student[row]) }
                    let t = teacher[row]
                    if kind == .hiddenCosine { return 1 - dot(x, t) / (dot(x, x) * dot(t, t)).squareRoot() }
                    return zip(x, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                        / Double(Self.teacherWidth)
                }
                return [losses.reduce(0, +) / Double(losses.count)]
            })
    }

    // MARK: - Maps

    /// Rows of softmax(x yᵀ · scale) over what comes before.
    private func causal(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
        let scale = 1 / Double(x[0].count).squareRoot()
        return x.indices.map { i in Reference.softmax((0...i).map { scale * dot(x[i], y[$0]) }) }
    }

    private func cut(_ qkv: [[Double]], _ sequence: Int, _ columns: Range<Int>) -> [[Double]] {
        qkv[Self.segments[sequence]..<Self.segments[sequence + 1]].map { Array($0[columns]) }
    }

    @Test func relations() {
        func maps(_ qkv: [[Double]], _ shape: AttentionShape, _ sequence: Int) -> [[[Double]]] {
            var start = 0
            return [shape.queryWidth, shape.keyValueWidth, shape.keyValueWidth].flatMap { width in
                defer { start += width }
                return (0..<2).map { head in
                    let x = cut(qkv, sequence, start + head * width / 2..<start + (head + 1) * width / 2)
                    return causal(x, x)
                }
            }
        }
        let teacher = rowsOf(teacherQKV.map(Double.init), width: Self.others.fusedWidth)
        expectGradient(
            shapes: [[Self.tokens, Self.own.fusedWidth]], scales: [0.3, 1], tolerance: tolerance,
            operation: {
                FeatureKind.relations.evaluate(pair(hidden: nil, qkv: $0[0], projector: nil)).scalar()
            },
            reference: { inputs in
                let student = rowsOf(inputs[0], width: Self.own.fusedWidth)
                let losses = (0..<3).map { sequence in
                    zip(maps(teacher, Self.others, sequence), maps(student, Self.own, sequence)).reduce(0.0) {
                        $0 + zip($1.0, $1.1).reduce(0.0) { $0 + Reference.kl($1.0, $1.1) }
                            / Double(2 * $1.0.count)
                    }
                }
                return [losses.reduce(0, +) / 3]
            })
    }

    @Test func attentionTransfer() {
        func mean(_ qkv: [[Double]], _ shape: AttentionShape, _ sequence: Int) -> [Double] {
            let d = shape.dimension
            let maps = (0..<shape.heads).map { head -> [[Double]] in
                let key = shape.queryWidth + head / shape.group * d
                return causal(
                    cut(qkv, sequence, head * d..<(head + 1) * d), cut(qkv, sequence, key..<key + d))
            }
            let sum = maps[0].indices.flatMap { i in
                maps[0][i].indices.map { j in maps.reduce(0) { $0 + $1[i][j] } }
            }
            let length = dot(sum, sum).squareRoot()
            return sum.map { $0 / length }
        }
        let teacher = rowsOf(teacherQKV.map(Double.init), width: Self.others.fusedWidth)
        expectGradient(
            shapes: [[Self.tokens, Self.own.fusedWidth]], scales: [0.3, 1], tolerance: tolerance,
            operation: {
                FeatureKind.attentionTransfer.evaluate(pair(hidden: nil, qkv: $0[0], projector: nil)).scalar()
            },
            reference: { inputs in
                let student = rowsOf(inputs[0], width: Self.own.fusedWidth)
                return [
                    (0..<3).reduce(0.0) { sum, sequence in
                        zip(mean(student, Self.own, sequence), mean(teacher, Self.others, sequence)).reduce(
                            sum
                        ) {
                            $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
                        }
                    } / 3
                ]
            })
    }

    // MARK: - Geometry

    private func means(_ hidden: [[Double]]) -> [[Double]] {
        [[1, 2, 3], [5], [7, 9, 11]].map { group in
            hidden[0].indices.map { i in group.reduce(0) { $0 + hidden[$1][i] } / Double(group.count) }
        }
    }

    private func huber(_ x: Double) -> Double { abs(x) <= 1 ? 0.5 * x * x : abs(x) - 0.5 }

    @Test func distances() {
        func ratios(_ hidden: [[Double]]) -> [Double] {
            let points = means(hidden)
            let lengths = [(0, 1), (0, 2), (1, 2)].map { i, j -> Double in
                let difference = zip(points[i], points[j]).map { $0 - $1 }
                return dot(difference, difference).squareRoot()
            }
            return lengths.map { 3 * $0 / lengths.reduce(0, +) }
        }
        let teacher = ratios(rowsOf(teacherHidden.map(Double.init), width: Self.teacherWidth))
        expectGradient(
            shapes: [[Self.tokens, Self.width]], tolerance: tolerance,
            operation: {
                FeatureKind.distances.evaluate(pair(hidden: $0[0], qkv: nil, projector: nil)).scalar()
            },
            reference: { inputs in
                let student = ratios(rowsOf(inputs[0], width: Self.width))
                return [zip(student, teacher).reduce(0) { $0 + huber($1.0 - $1.1) } / 3]
            })
    }

    @Test func angles() {
        func cosines(_ hidden: [[Double]]) -> [Double] {
            let points = means(hidden)
            return (0..<3).map { vertex in
                let edges = (0..<3).filter { $0 != vertex }.map { i in
                    zip(points[i], points[vertex]).map { $0 - $1 }
                }
                return dot(edges[0], edges[1])
                    / (dot(edges[0], edges[0]) * dot(edges[1], edges[1])).squareRoot()
            }
        }
        let teacher = cosines(rowsOf(teacherHidden.map(Double.init), width: Self.teacherWidth))
        expectGradient(
            shapes: [[Self.tokens, Self.width]], tolerance: tolerance,
            operation: {
                FeatureKind.angles.evaluate(pair(hidden: $0[0], qkv: nil, projector: nil)).scalar()
            },
            reference: { inputs in
                let student = cosines(rowsOf(inputs[0], width: Self.width))
                return [zip(student, teacher).reduce(0) { $0 + huber($1.0 - $1.1) } / 3]
            })
    }

    /// A model compared with itself has no loss and no gradient.
    @Test(arguments: FeatureKind.all)
    func vanishesOnEqualModels(kind: FeatureKind) throws {
        let model = try Fixture.decoder()
        let batch = TokenBatch(sequences: [[5, 6, 7, 8], [9], [10, 11, 12]])
        let activations = withoutGradients { model.activations(batch) }
        let view = FeatureView(activations, layer: 1, segments: batch.segments, rows: [0, 1, 4, 5, 6])
        let value = kind.evaluate(
            FeaturePair(student: view, teacher: view, parameters: ["relation_heads": 4], projector: nil))
        #expect(value.loss.magnitude <= 1e-6)
        #expect(value.gradients.allSatisfy { $0.gradient.values.allSatisfy { $0.magnitude <= 1e-6 } })
    }
}
