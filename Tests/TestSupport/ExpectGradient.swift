import Foundation
import Support
import Tensors
import Testing

/// How far an operation's Float32 results may be from its Double reference.
public struct GradientTolerance: Sendable {
    /// Per element, of the element's own magnitude.
    public var relative: Double
    /// Per element, of the largest magnitude in the array: what sums of terms that cancel leave over.
    public var absolute: Double
    /// 1 − cosine between the two arrays: finds a wrong direction that every element's slack would hide.
    public var cosine: Double

    /// Sums of up to a hundred Float32 products, each rounded by at most 6e-8, stay within 1e-5 of their value, or within
    /// 3e-6 of the largest one where they cancel; the angle's error is about the square of that.
    public init(relative: Double = 1e-5, absolute: Double = 3e-6, cosine: Double = 1e-10) {
        self.relative = relative
        self.absolute = absolute
        self.cosine = cosine
    }
}

/// Holds an operation, forward and backward, against a Double reference.
///
/// For each scale the inputs are drawn anew: normal values times the scale. The loss is a random projection of the
/// output (a plain sum would hide errors of rows that sum to a constant, as a softmax's do). The
/// gradient from the tape is compared with central differences of the reference, by the stencil
/// f' ≈ (f(x − 2h) − 8 f(x − h) + 8 f(x + h) − f(x + 2h)) / 12h, whose error is of order h⁴.
/// Each input alone must receive the same bits as when all inputs gather gradients.
///
/// - Parameters:
///   - shapes: one shape per input
///   - scales: magnitudes of the inputs
///   - components: at most so many components of an input, chosen at random, are differentiated numerically
///   - operation: the operation on the tape; may overwrite its inputs
///   - reference: the same function of the flattened inputs
public func expectGradient(
    shapes: [[Int]], scales: [Double] = [0.1, 1, 4], components: Int = .max, seed: UInt64 = 1,
    tolerance: GradientTolerance = GradientTolerance(), sourceLocation: SourceLocation = #_sourceLocation,
    operation: ([Tensor]) -> Tensor, reference: ([[Double]]) -> [Double]
) {
    for (index, scale) in scales.enumerated() {
        let inputs = shapes.enumerated().map { place, shape in
            Tensor.normal(
                shape, deviation: Float(scale),
                from: RandomStream(seed: seed, purpose: "input \(place)", index: UInt64(index))
            ).values
        }
        let all = gradients(
            of: operation, at: inputs, shapes: shapes, wanted: Set(shapes.indices), seed: seed)
        let exact = inputs.map { $0.map(Double.init) }
        let comment = "scale \(scale)"
        expectNear(
            all.output, reference(exact), tolerance, "\(comment), output", sourceLocation: sourceLocation)

        let projection = all.projection.map(Double.init)
        for input in shapes.indices {
            let chosen = choose(components, of: inputs[input].count, seed: seed)
            let numerical = centralDifferences(
                at: exact, input: input, components: chosen, step: 1e-3 * scale
            ) {
                zip(reference($0), projection).reduce(0) { $0 + $1.0 * $1.1 }
            }
            let name = "\(comment), gradient of input \(input)"
            guard let analytic = all.gradients[input] else {
                Issue.record("\(name) is missing", sourceLocation: sourceLocation)
                continue
            }
            expectNear(
                chosen.map { analytic[$0] }, numerical, tolerance, name, sourceLocation: sourceLocation)
            let alone = gradients(of: operation, at: inputs, shapes: shapes, wanted: [input], seed: seed)
            expectSameBits(
                alone.gradients[input] ?? [], analytic, "\(name), the others frozen",
                sourceLocation: sourceLocation)
        }
    }
}

/// Compares element by element and by the angle between the two arrays.
public func expectNear(
    _ actual: [Float], _ expected: [Double], _ tolerance: GradientTolerance, _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    expectClose(
        actual, expected, relative: tolerance.relative, absolute: tolerance.absolute * largest, comment,
        sourceLocation: sourceLocation)
    guard largest > 0, actual.count == expected.count else { return }
    let cosine = cosine(actual.map(Double.init), expected)
    // Written so that a NaN fails.
    if !(1 - cosine <= tolerance.cosine) {
        Issue.record(
            "\(comment): 1 − cosine is \(1 - cosine), allowed \(tolerance.cosine)",
            sourceLocation: sourceLocation)
    }
}

/// Cosine of the angle between two arrays of one length.
public func cosine(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "an angle lies between arrays of one length")
    let (dot, aa, bb) = zip(a, b).reduce((0.0, 0.0, 0.0)) {
        ($0.0 + $1.0 * $1.1, $0.1 + $1.0 * $1.0, $0.2 + $1.1 * $1.1)
    }
    return dot / (aa.squareRoot() * bb.squareRoot())
}

/// Derivatives of `function` with respect to the given components of one input, to all when nil.
public func centralDifferences(
    at point: [[Double]], input: Int, components: [Int]? = nil, step: Double,
    of function: ([[Double]]) -> Double
) -> [Double] {
    var moved = point
    return (components ?? Array(point[input].indices)).map { component in
        let x = point[input][component]
        func value(_ steps: Double) -> Double {
            moved[input][component] = x + steps * step
            return function(moved)
        }
        let slope = (value(-2) - 8 * value(-1) + 8 * value(1) - value(2)) / (12 * step)
        moved[input][component] = x
        return slope
    }
}

private func choose(_ limit: Int, of count: Int, seed: UInt64) -> [Int] {
    guard limit < count else { return Array(0..<count) }
    var stream = RandomStream(seed: seed, purpose: "components")
    return stream.permutation(of: count).prefix(limit).sorted()
}

/// One recorded pass, with the loss Σ projection · output.
private func gradients(
    of operation: ([Tensor]) -> Tensor, at inputs: [[Float]], shapes: [[Int]], wanted: Set<Int>, seed: UInt64
) -> (output: [Float], projection: [Float], gradients: [[Float]?]) {
    let tensors = zip(inputs, shapes).enumerated().map { place, input in
        Tensor(shape: input.1, values: input.0).requiringGradient(wanted.contains(place))
    }
    var (values, weights) = ([Float](), [Float]())
    let (loss, tape) = Tape.record {
        let output = operation(tensors)
        values = output.values
        weights = Fixture.normal(output.count, seed: seed + 1_000)
        return projection(output, onto: weights)
    }
    tape.backward(from: loss)
    return (values, weights, tensors.map { $0.gradient?.values })
}
