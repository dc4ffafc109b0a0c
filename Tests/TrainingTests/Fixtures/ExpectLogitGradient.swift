import TestSupport
import Testing

/// Compares gradients with respect to logits.
///
/// A divergence's gradient is q · (a difference of logarithms of up to 40). Each logarithm is right to 3 ulp, 5e-6 at that
/// size, so where the difference cancels, between a student and a teacher that are sure of the same token, 1e-5 is what
/// Float32 leaves, and the direction of so short a gradient says nothing.
func expectLogitGradient(
    _ actual: [Float], _ expected: [Double], _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    guard largest < 0.05 else {
        expectNear(actual, expected, RowLossTests.tolerance, comment, sourceLocation: sourceLocation)
        return
    }
    expectClose(
        actual, expected, relative: RowLossTests.tolerance.relative, absolute: 1e-5, comment,
        sourceLocation: sourceLocation)
}
