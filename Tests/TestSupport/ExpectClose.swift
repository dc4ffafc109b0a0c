import Tensors
import Testing

/// Records an issue unless every value is close to the expected one:
/// |actual − expected| ≤ max(absolute, relative · |expected|).
///
/// Equal infinities are close, and so are two NaNs: a test that does not want them says so itself.
/// The issue names the worst element.
///
/// - Returns: true when all are close
@discardableResult
public func expectClose(
    _ actual: [Float], _ expected: [Double], relative: Double = 1e-5, absolute: Double = 1e-8,
    _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    let note = comment.isEmpty ? "" : comment + ": "
    guard actual.count == expected.count else {
        Issue.record(
            "\(note)\(actual.count) values instead of \(expected.count)", sourceLocation: sourceLocation)
        return false
    }
    var (failures, worst, worstExcess) = (0, 0, 0.0)
    for (index, (a, e)) in zip(actual, expected).enumerated() {
        let a = Double(a)
        if a == e || (a.isNaN && e.isNaN) { continue }
        let tolerance = max(absolute, relative * e.magnitude)
        let difference = (a - e).magnitude
        if e.isFinite, difference <= tolerance { continue }
        failures += 1
        // NaN on one side only is worse than any number.
        let excess = difference.isNaN ? .infinity : difference / tolerance
        if excess > worstExcess { (worst, worstExcess) = (index, excess) }
    }
    guard failures > 0 else { return true }
    let (a, e) = (actual[worst], expected[worst])
    Issue.record(
        """
        \(note)\(failures) of \(actual.count) values differ; the worst, at \(worst), is \(a) instead of \(e): \
        off by \((Double(a) - e).magnitude), allowed max(\(absolute), \(relative) · |expected|)
        """,
        sourceLocation: sourceLocation)
    return false
}

/// The same for a tensor, whose shape must agree too.
@discardableResult
public func expectClose(
    _ actual: Tensor, _ expected: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8,
    _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    guard actual.shape == expected.shape else {
        Issue.record(
            "\(comment): shape \(actual.shape) instead of \(expected.shape)", sourceLocation: sourceLocation
        )
        return false
    }
    return expectClose(
        actual.values, expected.values.map(Double.init), relative: relative, absolute: absolute, comment,
        sourceLocation: sourceLocation)
}

/// Records an issue unless two tensors hold the same bits.
@discardableResult
public func expectSameBits(
    _ actual: [Float], _ expected: [Float], _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    guard actual.count == expected.count else {
        Issue.record(
            "\(comment): \(actual.count) values instead of \(expected.count)",
            sourceLocation: sourceLocation)
        return false
    }
    guard let place = actual.indices.first(where: { actual[$0].bitPattern != expected[$0].bitPattern }) else {
        return true
    }
    let count = actual.indices.count { actual[$0].bitPattern != expected[$0].bitPattern }
    Issue.record(
        """
        \(comment): \(count) of \(actual.count) values have other bits; the first, at \(place), \
        is \(actual[place]) instead of \(expected[place])
        """, sourceLocation: sourceLocation)
    return false
}
