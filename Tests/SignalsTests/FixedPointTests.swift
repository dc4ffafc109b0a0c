import Foundation
import Testing

@testable import Signals

@Suite struct FixedPointTests {
    /// Half a step of 2⁻¹¹ in log₂ p.
    private let bound = exp2(0x1p-12) - 1

    @Test func relativeErrorOverTheWholeRange() {
        var (worst, x) = (0.0, 0.0)
        while x < 31.99 {
            let p = Float(exp2(-x))
            let decoded = Double(FixedPoint.probability(FixedPoint.code(probability: p)))
            worst = max(worst, (decoded / Double(p) - 1).magnitude)
            x += 0.000_173
        }
        // log2, the product and exp2 round in Float32 too: 32 · 2^-24, twice.
        #expect(worst <= bound + 5e-6)
        #expect(worst >= 0.9 * bound, "the bound is reached")
        #expect(bound < 0.000_170)
    }

    @Test func everyCodeComesBack() {
        for code in 0...UInt16.max {
            #expect(FixedPoint.code(probability: FixedPoint.probability(code)) == code)
            #expect(FixedPoint.code(value: FixedPoint.value(code)) == code)
        }
    }

    @Test func ends() {
        #expect(FixedPoint.code(probability: 1) == 0)
        #expect(FixedPoint.probability(0) == 1)
        // Softmax may round to a little above 1.
        #expect(FixedPoint.code(probability: 1.000_001) == 0)
        for tiny in [0, Float.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-40, 0x1p-32] {
            #expect(FixedPoint.code(probability: tiny) == .max)
        }
        #expect(FixedPoint.probability(.max) < 2.4e-10)
    }

    @Test func falls() {
        var last: Float = 2
        for code in 0...UInt16.max {
            let p = FixedPoint.probability(code)
            #expect(p < last)
            last = p
        }
    }

    @Test func values() {
        #expect(FixedPoint.value(FixedPoint.code(value: 0)) == 0)
        #expect(FixedPoint.code(value: -1) == 0)
        #expect(FixedPoint.code(value: 40) == .max)
        for value in stride(from: 0 as Float, to: 31.9, by: 0.037) {
            #expect((FixedPoint.value(FixedPoint.code(value: value)) - value).magnitude <= 0x1p-12)
        }
    }
}
