import Foundation
import TestSupport
import Testing

@Suite struct SoftmaxKernelTests {
    /// Logits of several kinds: usual, wide, extreme, all equal, one far above.
    private func logits(_ count: Int) -> [(kind: String, values: [Float])] {
        var spike = Fixture.normal(count)
        spike[count / 2] = 1e4
        let extreme = (0..<count).map { $0 % 3 == 0 ? Float(1e4) : -1e4 }
        return [
            ("usual", Fixture.normal(count, deviation: 3)),
            ("wide", Fixture.normal(count, deviation: 50)),
            ("extreme", extreme),
            ("equal", Array(repeating: 7.25, count: count)),
            ("equal and large", Array(repeating: -1e4, count: count)),
            ("one spike", spike),
            ("masked", (0..<count).map { $0 % 2 == 1 ? -Float.infinity : Float($0) / 8 }),
        ]
    }

    @Test(arguments: KernelTable.all, Fixture.sizes + [2_000])
    func softmaxAndLogSum(table: KernelTable, count: Int) {
        for (kind, z) in logits(count) {
            for temperature in [0.5, 1, 4] {
                let inverse = Float(1 / temperature)
                var (maximum, logSum) = (Float.nan, Float.nan)
                table.functions.log_sum_exp(z, count, inverse, &maximum, &logSum)
                #expect(maximum == z.max())
                let exact = z.map(Double.init)
                let expected = Reference.logSumExp(exact, temperature: temperature)
                // Sums of positive terms: their relative error, 1e-6 at most, is the logarithm's absolute one.
                expectClose(
                    [logSum], [expected - Double(maximum) / temperature], relative: 1e-6, absolute: 1e-6,
                    kind)
                let p = guarded(count) {
                    table.functions.softmax(z, $0, count, inverse, maximum, logSum)
                }
                // The exponent, up to 87, is rounded twice by half an ulp of itself: 8e-6 of the result. Below
                // the smallest normal number exp stays at 1.2e-38.
                expectClose(
                    p, Reference.softmax(exact, temperature: temperature), relative: 8e-6,
                    absolute: 1.2e-38, kind)
                let sum = p.reduce(0.0) { $0 + Double($1) }
                #expect((sum - 1).magnitude <= 2e-6, "\(kind): sum \(sum)")
            }
        }
    }

    /// Terms of a whole vocabulary, added in Float32 lanes.
    @Test(arguments: KernelTable.all)
    func logSumOverALargeVocabulary(table: KernelTable) {
        let z = Fixture.normal(262_144, deviation: 2)
        var (maximum, logSum) = (Float.nan, Float.nan)
        table.functions.log_sum_exp(z, z.count, 1, &maximum, &logSum)
        let expected = Reference.logSumExp(z.map(Double.init)) - Double(maximum)
        expectClose([logSum], [expected], relative: 0, absolute: 1e-5)
    }

    @Test(arguments: KernelTable.all)
    func notANumberIsNotHidden(table: KernelTable) {
        var (maximum, logSum) = (Float(0), Float(0))
        var z = Fixture.normal(40)
        z[35] = .nan
        table.functions.log_sum_exp(z, 40, 1, &maximum, &logSum)
        #expect(logSum.isNaN)
    }

    @Test(arguments: KernelTable.all, [1, 2, 7, 31, 64, 65, 100, 129, 1_000])
    func topK(table: KernelTable, count: Int) {
        var stream = Fixture.ids(count, vocabulary: 5).map { Float($0) }
        stream[count / 2] = -.infinity
        let rising = (0..<count).map { Float($0) }
        let inputs: [(String, [Float])] = [
            ("distinct", Fixture.normal(count)), ("many ties", stream),
            ("all equal", Array(repeating: -3, count: count)), ("rising", rising),
            ("falling", rising.reversed()),
            ("signed zeros", rising.map { $0.truncatingRemainder(dividingBy: 2) == 0 ? 0 : -0.0 }),
        ]
        for (kind, z) in inputs {
            for k in Set([1, 2, 5, count / 2, count - 1, count]) where k >= 1 && k <= count {
                var indices = [Int32](repeating: -1, count: k)
                let values = guarded(k) { table.functions.top_k(z, count, k, &indices, $0) }
                let expected = Reference.topK(z, k: k)
                #expect(indices == expected.indices, "\(kind), k = \(k)")
                #expect(values == expected.values, "\(kind), k = \(k)")
            }
        }
    }

    @Test(arguments: KernelTable.all, Fixture.sizes + [1_000])
    func argmax(table: KernelTable, count: Int) {
        for place in 0..<count {
            var z = [Float](repeating: -1e4, count: count)
            z[place] = 1e4
            #expect(table.functions.argmax(z, count) == place)
            z[count - 1] = 1e4
            #expect(table.functions.argmax(z, count) == place, "the smaller index wins a tie")
        }
        #expect(table.functions.argmax([Float](repeating: 0, count: count), count) == 0)
    }
}
