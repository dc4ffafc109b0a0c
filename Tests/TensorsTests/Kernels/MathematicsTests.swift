import Foundation
import TestSupport
import Testing

/// The exp and ln inside the kernels, seen through kernels that return them unchanged.
@Suite struct MathematicsTests {
    /// softmax with maximum 0, log sum 0 and temperature 1 is exp itself.
    private func exponentials(_ x: [Float], _ table: KernelTable) -> [Float] {
        guarded(x.count) { table.functions.softmax(x, $0, x.count, 1, 0, 0) }
    }

    /// KL of the one-element "distributions" 1 and x is −ln x.
    private func logarithm(_ x: Float, _ table: KernelTable) -> Float {
        -table.functions.kl_divergence([1], [x], 1)
    }

    /// Every `step`-th Float32 of a range that does not contain 0 inside.
    private func sweep(from low: Float, to high: Float, step: UInt32) -> [Float] {
        let (a, b) = (low.bitPattern, high.bitPattern)
        return stride(from: min(a, b), through: max(a, b), by: Int(step)).map { Float(bitPattern: $0) }
    }

    @Test(arguments: KernelTable.all)
    func exponentialIsWithinThreeUlps(table: KernelTable) {
        // A prime step visits every exponent with ever other significands.
        let x = sweep(from: -0.0, to: -87.33, step: 2_503) + sweep(from: 0, to: 88.37, step: 2_503)
        let y = exponentials(x, table)
        var worst = (ulps: 0.0, x: Float(0))
        for (x, y) in zip(x, y) {
            let error = Reference.ulps(y, exp(Double(x)))
            if !(error <= worst.ulps) { worst = (error, x) }
        }
        #expect(worst.ulps < 3, "exp(\(worst.x)) is off by \(worst.ulps) ulp")
    }

    @Test(arguments: KernelTable.all)
    func exponentialSaturatesToFiniteNumbers(table: KernelTable) {
        let extremes: [Float] = [-87.34, -1e4, -.greatestFiniteMagnitude, -.infinity]
        for y in exponentials(extremes, table) { #expect(y > 0 && y < 1.2e-38) }
        let large: [Float] = [88.38, 88.72, 89, 1e4, .greatestFiniteMagnitude, .infinity]
        for y in exponentials(large, table) { #expect(y.isFinite && y > 2e38) }
        for y in exponentials([0, -0, 0x1p-140, -0x1p-140, .leastNonzeroMagnitude], table) { #expect(y == 1) }
        #expect(exponentials([.nan], table)[0].isNaN)
    }

    @Test(arguments: KernelTable.all)
    func logarithmIsWithinThreeUlps(table: KernelTable) {
        let x =
            sweep(from: .leastNormalMagnitude, to: .greatestFiniteMagnitude, step: 5_003)
            // The result passes through 0 here, where the relative error is hardest to keep.
            + sweep(from: 0.99, to: 1.01, step: 7)
        var worst = (ulps: 0.0, x: Float(0))
        for x in x {
            let error = Reference.ulps(logarithm(x, table), log(Double(x)))
            if !(error <= worst.ulps) { worst = (error, x) }
        }
        #expect(worst.ulps < 3, "ln(\(worst.x)) is off by \(worst.ulps) ulp")
        #expect(logarithm(1, table) == 0)
    }

    /// Below the normal numbers there is no promise but a finite value, so that 0 · ln 0 is 0.
    @Test(arguments: KernelTable.all)
    func logarithmOfZeroAndDenormalsIsFinite(table: KernelTable) {
        for x: Float in [0, .leastNonzeroMagnitude, 0x1p-140, .leastNormalMagnitude.nextDown] {
            #expect((-88.1 ... -87.3).contains(logarithm(x, table)))
        }
    }
}
